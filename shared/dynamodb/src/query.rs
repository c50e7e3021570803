//! Part of a list: the items of a partition whose sort key is a name, in the order of names.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_oauth::store::{Page, Part, StoreError};

use crate::error::store_error;
use crate::item::Item;

/// After every text that begins as this one does, for names that have no control characters of the last plane: the
/// greatest code point, as often as a key has room for it.
const LAST: &str =
    "\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}";

/// The partition, and what sort keys in it look like.
pub struct Names<'a> {
    /// Name of the partition key.
    pub partition: (&'a str, &'a str),
    /// Name of the sort key, and what comes before the name in it.
    pub sort: (&'a str, &'a str),
}

/// The items of a part. By a range and not by DynamoDB's own place to go on from: a cursor is then a name, and whoever
/// makes one up gets another part of the same list.
pub async fn page(
    query: QueryFluentBuilder,
    names: &Names<'_>,
    part: Part<'_>,
) -> Result<Page<Item>, StoreError> {
    let (sort, before) = names.sort;
    // No name has a control character, so nothing comes between a name and itself with one behind it.
    let from = match part.after {
        Some(after) if after >= part.prefix => format!("{before}{after}\u{0}"),
        // No key may be empty, and no name begins with a control character.
        Some(_) | None if before.is_empty() && part.prefix.is_empty() => "\u{1}".to_owned(),
        Some(_) | None => format!("{before}{}", part.prefix),
    };
    let to = format!("{before}{}{LAST}", part.prefix);
    if from > to {
        return Ok(Page {
            items: Vec::new(),
            more: false,
        });
    }
    let one_more = i32::try_from(part.limit)
        .unwrap_or(i32::MAX)
        .saturating_add(1);
    let answer = query
        .key_condition_expression("#partition = :partition AND #sort BETWEEN :from AND :to")
        .expression_attribute_names("#partition", names.partition.0)
        .expression_attribute_names("#sort", sort)
        .expression_attribute_values(
            ":partition",
            AttributeValue::S(names.partition.1.to_owned()),
        )
        .expression_attribute_values(":from", AttributeValue::S(from))
        .expression_attribute_values(":to", AttributeValue::S(to))
        .limit(one_more)
        .send()
        .await
        .map_err(store_error)?;
    let mut items = answer.items.unwrap_or_default();
    let more = items.len() > part.limit || answer.last_evaluated_key.is_some();
    items.truncate(part.limit);
    Ok(Page { items, more })
}
