//! Money: what was used, what it costs, what a bill says. Amounts are exact decimals, rounded once a line.
//! Deliberately absent: the wire shapes of bills (`routes::openapi`).

pub(crate) mod bill;
pub(crate) mod limits;
pub(crate) mod meter;
pub(crate) mod prices;
