//! What a person pays for.
