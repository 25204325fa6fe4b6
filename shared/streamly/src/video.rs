//! What a person may watch, and the signed addresses for it.
