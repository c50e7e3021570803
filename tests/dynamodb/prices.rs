//! List prices of us-east-1 in dollars, without free tiers, and what is assumed where nothing was measured.

/// When the prices were looked up.
pub const MONTH: &str = "November 2026";

/// A price, as the document lists it.
pub struct Price {
    pub what: &'static str,
    pub dollars: f64,
    /// As it is written in a price list.
    pub listed: &'static str,
    /// How many of the unit a price is for.
    pub per: f64,
}

impl Price {
    const fn new(what: &'static str, dollars: f64, per: f64, listed: &'static str) -> Self {
        Self {
            what,
            dollars,
            listed,
            per,
        }
    }

    /// Of so many.
    pub fn of(&self, units: f64) -> f64 {
        self.dollars * units / self.per
    }
}

pub const MILLION: f64 = 1e6;

pub const HTTP_API: Price = Price::new(
    "API Gateway, HTTP API: a request",
    1.00,
    MILLION,
    "1.00 a million, the first 300 million",
);
pub const LAMBDA_REQUEST: Price = Price::new("Lambda: a request", 0.20, MILLION, "0.20 a million");
pub const LAMBDA_DURATION: Price = Price::new(
    "Lambda, arm64: a GB-second",
    0.000_013_333_4,
    1.0,
    "0.0000133334",
);
pub const READ_UNIT: Price = Price::new(
    "DynamoDB, on demand: a read unit",
    0.125,
    MILLION,
    "0.125 a million",
);
pub const WRITE_UNIT: Price = Price::new(
    "DynamoDB, on demand: a write unit",
    0.625,
    MILLION,
    "0.625 a million",
);
pub const KMS_CALL: Price = Price::new(
    "KMS, RSA_2048: a signature, or a public key",
    0.03,
    10_000.0,
    "0.03 for 10,000",
);
/// A month's.
pub const KEY: Price = Price::new("KMS: a key, a month", 1.00, 1.0, "1.00");

/// Every price that a request is made of.
pub const ALL: [Price; 7] = [
    HTTP_API,
    LAMBDA_REQUEST,
    LAMBDA_DURATION,
    READ_UNIT,
    WRITE_UNIT,
    KMS_CALL,
    KEY,
];

/// Lambda's milliseconds are ASSUMED, not measured on AWS: of a request that checks a password, at the token
/// function's memory; of any other; and what start-up adds to the first, which Lambda charges for as well.
pub const ASSUMED_LOGIN_MS: f64 = 50.0;
pub const ASSUMED_OTHER_MS: f64 = 10.0;
pub const ASSUMED_START_MS: f64 = 100.0;

/// A plan of Cognito's: dollars for each monthly active user beyond the free ones. Lite is cheaper beyond 100,000.
pub struct CognitoPlan {
    pub name: &'static str,
    pub per_user: f64,
    pub free_users: f64,
}

pub const COGNITO_PLANS: [CognitoPlan; 3] = [
    CognitoPlan {
        name: "Lite",
        per_user: 0.0055,
        free_users: 10_000.0,
    },
    CognitoPlan {
        name: "Essentials",
        per_user: 0.015,
        free_users: 10_000.0,
    },
    CognitoPlan {
        name: "Plus",
        per_user: 0.020,
        free_users: 0.0,
    },
];

/// Cognito's machine-to-machine token, by the thousand, and up to how many a month it costs that.
pub const COGNITO_TOKENS: Price = Price::new("a token", 2.25, 1_000.0, "2.25 a thousand");
pub const COGNITO_FIRST_TIER: f64 = 250_000.0;
