//! Nothing is lost. The program that serves a cloud is killed at random moments of everything that it does, and after each
//! restart what it had acknowledged is held against what it has: files by their bytes, jobs by their end, answers by the bill.
//! Ten rounds here; `cargo xtask torture` runs a hundred. And disks that are full or can only be read.

#![expect(clippy::print_stdout, reason = "figures, and why a test did nothing")]

mod disk;
mod ledger;
mod rounds;
mod served;
