//! What crosses functions: their tests stand in `tests/it`. This library holds nothing.
