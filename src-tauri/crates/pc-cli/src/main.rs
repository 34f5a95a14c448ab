//! The binary `partner`: clap -> pc-app -> text or JSON.

fn main() {}
