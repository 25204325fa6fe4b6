//! Whether an address must be verified before its owner may log in.

use std::str::FromStr;

/// `EMAIL_VERIFICATION`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmailVerification {
    /// Whoever registers may log in; a registered address is answered with 409.
    #[default]
    Optional,
    /// Nobody logs in unverified, and registering never tells whether an address is registered.
    Required,
}

impl FromStr for EmailVerification {
    type Err = InvalidEmailVerification;

    fn from_str(text: &str) -> Result<Self, InvalidEmailVerification> {
        match text {
            "optional" => Ok(Self::Optional),
            "required" => Ok(Self::Required),
            _ => Err(InvalidEmailVerification),
        }
    }
}

/// Neither of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be optional or required")]
pub struct InvalidEmailVerification;

#[cfg(test)]
mod tests {
    use super::EmailVerification;

    #[test]
    fn one_of_two_words_is_read() {
        assert_eq!("optional".parse(), Ok(EmailVerification::Optional));
        assert_eq!("required".parse(), Ok(EmailVerification::Required));
        assert!("Required".parse::<EmailVerification>().is_err());
        assert_eq!(EmailVerification::default(), EmailVerification::Optional);
    }
}
