//! Where the money is, in double entry: every posting adds up to zero, no line is ever changed.

pub mod store;

/// The accounts. What we have is positive, what we earned or owe is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Money that gateways hold for us.
    Gateway,
    /// Money earned by sales.
    Sales,
    /// Money that must go back to a customer.
    OwedBack,
    /// Money of a wrong amount: a person has not decided yet.
    Review,
}

impl Account {
    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Sales => "sales",
            Self::OwedBack => "owed_back",
            Self::Review => "review",
        }
    }
}
