//! HTTP client for any endpoint that speaks pc-protocol, and billing.
