//! Who may do what: accounts and their workspaces, keys and their scopes, the keys that seal a workspace's data.
//! Deliberately absent: the routes that speak about them.

pub(crate) mod access;
pub(crate) mod acs3;
mod admin;
pub(crate) mod keys;
pub(crate) mod rules;
pub(crate) mod workspaces;
