//! The client of the console against the embedded cloud, over a real socket: whatever one writes the other reads. The same
//! story would run against Model Studio, since the client does not know which cloud it speaks to.

mod bills;
mod cloud;
mod errors;
mod relay;
mod story;
mod uploads;
