//! DynamoDB: the store contract, races, the budget of calls and what they cost, policies, and faults at every call.

mod budget;
mod contract;
mod cost;
mod faults;
mod policies;
mod prices;
mod races;
