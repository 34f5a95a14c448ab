//! The embedded cloud: routes over pc-protocol, job queue, metering; owns the Engine trait.
