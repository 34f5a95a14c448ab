//! An opened endpoint. Its calls are in one file a resource.

use std::sync::Arc;

use pc_base::{Clock, SystemClock};
use pc_protocol::Capabilities;
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::billing::Bills;
use crate::endpoint::Endpoint;
use crate::error::{CloudError, outward};
use crate::network::Network;
use crate::retry::Repeat;
use crate::transport::{Kind, Transport};

/// A cloud. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Cloud(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub endpoint: Endpoint,
    pub transport: Transport,
    pub bills: Option<Bills>,
    /// What it offers, once it was asked.
    pub offered: OnceCell<Capabilities>,
}

impl Cloud {
    /// Prepares calls; nothing is sent. [`pc_base::Code::InputInvalid`] when an address or a setting cannot be used.
    pub fn new(endpoint: Endpoint, network: &Network) -> anyhow::Result<Self> {
        Self::with_clock(endpoint, network, Arc::new(SystemClock))
    }

    /// The same with a clock of the caller's, by which signatures are dated.
    pub fn with_clock(endpoint: Endpoint, network: &Network, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let transport = Transport::new(&endpoint.base_url, network)?;
        let billing = endpoint.billing.clone();
        let bills = billing.map(|billing| Bills::new(billing, network, clock)).transpose()?;
        Ok(Self(Arc::new(Inner { endpoint, transport, bills, offered: OnceCell::new() })))
    }

    /// A request with the key and the workspace.
    pub(crate) fn request(&self, method: Method, segments: &[&str]) -> RequestBuilder {
        let endpoint = &self.0.endpoint;
        let request = self.0.transport.request(method, segments).bearer_auth(endpoint.api_key.expose());
        match &endpoint.workspace {
            Some(workspace) => request.header("X-DashScope-WorkSpace", workspace),
            None => request,
        }
    }

    /// An ordinary call.
    pub(crate) fn kind(&self, operation: &'static str, repeat: Repeat) -> Kind {
        Kind { operation, repeat, limit: Some(self.0.transport.network.call_timeout) }
    }

    /// A call whose end is open.
    pub(crate) fn open_kind(operation: &'static str, repeat: Repeat) -> Kind {
        Kind { operation, repeat, limit: None }
    }

    /// Reads something.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        segments: &[&str],
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        let kind = self.kind(operation, Repeat::Safe);
        self.0.transport.json(kind, || self.request(Method::GET, segments).query(query)).await.map_err(outward)
    }

    /// Sends a JSON body.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        kind: Kind,
        method: Method,
        segments: &[&str],
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let build = || self.request(method.clone(), segments).json(body);
        self.0.transport.json(kind, build).await.map_err(outward)
    }

    /// Sends a JSON body that makes something or costs something, with a key of its own. Where the cloud carries a key out
    /// only once, the call is repeated like any other; elsewhere only where it surely had no effect.
    pub(crate) async fn create<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        segments: &[&str],
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let kind = self.kind(operation, self.once_only().await);
        let key = new_key();
        let build = || self.keyed(Method::POST, segments, &key).json(body);
        self.0.transport.json(kind, build).await.map_err(outward)
    }

    /// How a creating request with a key may be repeated.
    pub(crate) async fn once_only(&self) -> Repeat {
        match self.offers(Capabilities::IDEMPOTENCY_KEYS).await {
            true => Repeat::Safe,
            false => Repeat::IfUntouched,
        }
    }

    /// A request with a key of the caller's.
    pub(crate) fn keyed(&self, method: Method, segments: &[&str], key: &str) -> RequestBuilder {
        self.request(method, segments).header("Idempotency-Key", key)
    }

    /// Sends a request without a body. A deletion whose answer was lost finds nothing at the second try, and that is
    /// what was wanted.
    pub(crate) async fn bare<T: DeserializeOwned>(
        &self,
        kind: Kind,
        method: Method,
        segments: &[&str],
    ) -> Result<T, Box<CloudError>> {
        self.0.transport.json(kind, || self.request(method.clone(), segments)).await
    }
}

/// One for all tries of a creating request.
pub(crate) fn new_key() -> String {
    Uuid::new_v4().to_string()
}

/// `page_no` and `page_size`, as every native list takes them.
pub(crate) fn page(number: u64, size: u64) -> [(&'static str, String); 2] {
    [("page_no", number.to_string()), ("page_size", size.to_string())]
}
