//! DynamoDB: the store contract, races, the budget of calls, and what happens when nobody answers.

mod budget;
mod contract;
mod faults;
mod races;
