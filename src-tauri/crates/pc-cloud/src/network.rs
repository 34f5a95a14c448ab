//! How to get out: proxy, certificates, time limits, retries. One reqwest client comes of it for each address.

use std::net::IpAddr;
use std::time::Duration;

use pc_base::{Code, CodedExt as _, coded};
use reqwest::{Certificate, Client, Url};

/// Through what calls go. No proxy is ever used for this machine itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// What the system and the environment say.
    #[default]
    System,
    /// None.
    Direct,
    /// `http://`, `https://` or `socks5://` address, which may carry a user and a password.
    Explicit(String),
}

/// Settings of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub proxy: Proxy,
    /// PEM certificates of authorities that are trusted beside the system's.
    pub extra_ca: Option<Vec<u8>>,
    /// Until a connection stands.
    pub connect_timeout: Duration,
    /// For a whole call that is neither a transfer nor an answer of a model.
    pub call_timeout: Duration,
    /// Between two bytes of a transfer or of a model's answer. A model on a small machine may think for minutes.
    pub idle_timeout: Duration,
    /// How often a failed call is repeated where repeating is safe.
    pub retries: u32,
    /// Before the first repetition; doubled for each one after it.
    pub first_wait: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            proxy: Proxy::System,
            extra_ca: None,
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(300),
            retries: 3,
            first_wait: Duration::from_millis(500),
        }
    }
}

impl Network {
    /// A root address and the client for it. Keys would travel in the clear over plain HTTP, so only this machine may be
    /// spoken to without TLS.
    pub(crate) fn client(&self, root: &str) -> anyhow::Result<(Url, Client)> {
        let invalid = |why: &str| coded(Code::InputInvalid).with("what", root).with("why", why);
        let url: Url = root.trim().parse().code(|| invalid("it is not an address"))?;
        let here = url.host_str().is_some_and(is_loopback);
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err(invalid("the address must begin with https://").into()),
        }
        let mut builder = Client::builder()
            .user_agent(concat!("partner-console/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect_timeout)
            // A key must not follow to another host.
            .redirect(reqwest::redirect::Policy::none());
        if here {
            builder = builder.no_proxy();
        } else {
            match &self.proxy {
                Proxy::System => {}
                Proxy::Direct => builder = builder.no_proxy(),
                Proxy::Explicit(address) => {
                    let proxy = reqwest::Proxy::all(address)
                        .code(|| coded(Code::InputInvalid).with("what", "proxy").with("why", "it is not an address"))?;
                    builder = builder.proxy(proxy);
                }
            }
        }
        for certificate in self.certificates()? {
            builder = builder.add_root_certificate(certificate);
        }
        let client = builder.build().code(|| invalid("the TLS settings cannot be used"))?;
        Ok((url, client))
    }

    fn certificates(&self) -> anyhow::Result<Vec<Certificate>> {
        let Some(pem) = &self.extra_ca else { return Ok(Vec::new()) };
        let invalid = || coded(Code::InputInvalid).with("what", "certificate").with("why", "it is not PEM");
        let found = Certificate::from_pem_bundle(pem).code(invalid)?;
        if found.is_empty() { Err(invalid().into()) } else { Ok(found) }
    }
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(root: &str, network: &Network) -> Option<Code> {
        network.client(root).err().map(|error| error.downcast_ref::<pc_base::Coded>().expect("a code").code)
    }

    #[test]
    fn keys_travel_in_the_clear_to_this_machine_only() {
        let network = Network::default();
        for good in ["http://127.0.0.1:8000", "http://localhost:1", "http://[::1]:9", "https://cloud.example"] {
            assert_eq!(code_of(good, &network), None, "{good}");
        }
        for bad in ["http://cloud.example", "http://127.0.0.1.example", "ftp://a", "cloud.example", ""] {
            assert_eq!(code_of(bad, &network), Some(Code::InputInvalid), "{bad}");
        }
    }

    #[test]
    fn settings_that_cannot_be_used_are_refused_at_once() {
        let proxied = Network { proxy: Proxy::Explicit("not an address".into()), ..Network::default() };
        assert_eq!(code_of("https://cloud.example", &proxied), Some(Code::InputInvalid));
        let certified = Network { extra_ca: Some(b"no certificate".to_vec()), ..Network::default() };
        assert_eq!(code_of("https://cloud.example", &certified), Some(Code::InputInvalid));
    }
}
