//! For tests only: temporary home, fixed clock, memory keychain, fixture loaders.
