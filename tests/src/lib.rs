//! What the tests across crates share: real programs on a home of their own, and a browser that is driven by what a person
//! sees. The tests are in the folders beside this one.

pub mod driver;
pub mod flow;
pub mod installation;
pub mod screen;
pub mod words;
