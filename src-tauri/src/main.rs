//! The desktop window of Partner Console.

fn main() {}
