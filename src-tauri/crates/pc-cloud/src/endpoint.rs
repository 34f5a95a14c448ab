//! Where a cloud is and the keys that open it. Given by the caller; never read from anywhere here.

use std::sync::Arc;

use pc_base::Secret;

/// A cloud that speaks the protocol.
#[derive(Clone)]
pub struct Endpoint {
    /// Root address without a path, such as `https://dashscope.aliyuncs.com`.
    pub base_url: String,
    /// `sk-…`
    pub api_key: Arc<Secret<String>>,
    /// Sent with every call where given.
    pub workspace: Option<String>,
    /// Nothing where bills cannot be read.
    pub billing: Option<Billing>,
}

/// The billing API of a cloud (BSS), which takes an AccessKey pair.
#[derive(Clone)]
pub struct Billing {
    /// Root address, such as `https://business.aliyuncs.com`.
    pub url: String,
    pub access_key_id: String,
    pub access_key_secret: Arc<Secret<String>>,
}
