//! Clients of other products, unchanged: each documented request as its page has it, and what it is answered.

mod activid;
mod closed;
mod issuer;
mod miniorange;
mod onelogin;
mod oneportal;
mod ubisecure;
