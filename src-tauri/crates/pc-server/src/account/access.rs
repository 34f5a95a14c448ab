//! What a bearer key opens: reading or writing, all models or some, from anywhere or some networks.

use std::net::IpAddr;

use pc_store::cloud::ApiKey;

/// The scope of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Without it only what GET answers.
    pub write: bool,
    /// Models, or base models of models, that may be used; nothing for all.
    pub models: Option<Vec<String>>,
    /// Networks that the key may be used from; none for all.
    pub addresses: Vec<String>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { write: true, models: None, addresses: Vec::new() }
    }
}

impl Scope {
    /// As a row keeps it.
    pub(crate) fn of(row: &ApiKey) -> Self {
        Self { write: row.access == "write", models: row.models.clone(), addresses: row.addresses.clone() }
    }

    /// The word for a row.
    pub(crate) fn access(&self) -> String {
        if self.write { "write" } else { "read" }.to_owned()
    }

    /// Whether a model may be used that goes by any of these names: its own, that it was deployed from, its base model's.
    pub(crate) fn may_use(&self, names: &[&str]) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|model| names.contains(&model.as_str())))
    }

    /// Whether it may be used from an address.
    pub(crate) fn may_come_from(&self, address: IpAddr) -> bool {
        self.addresses.is_empty() || self.addresses.iter().any(|network| holds(network, address))
    }
}

/// Whether a text is a network: `192.0.2.0/24`, `2001:db8::/32`, or one address.
pub(crate) fn is_network(text: &str) -> bool {
    network(text).is_some()
}

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
    Some((address, bits))
}

fn holds(text: &str, address: IpAddr) -> bool {
    let Some((base, bits)) = network(text) else { return false };
    match (base, address.to_canonical()) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            base.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            base.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses_only() {
        let holds = |network: &str, address: &str| holds(network, address.parse().unwrap());
        assert!(holds("127.0.0.0/8", "127.0.0.1") && holds("0.0.0.0/0", "10.1.2.3") && holds("::/0", "::1"));
        assert!(holds("127.0.0.1", "::ffff:127.0.0.1"), "an IPv4 address in IPv6 form is the same");
        assert!(!holds("127.0.0.0/8", "128.0.0.1") && !holds("0.0.0.0/0", "::1") && !holds("10.0.0.1", "10.0.0.2"));
        for bad in ["", "x", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3/8"] {
            assert!(!is_network(bad), "{bad}");
        }
    }

    #[test]
    fn a_scope_names_models_by_any_of_their_names() {
        let scope = Scope { models: Some(vec!["tiny".into()]), ..Scope::default() };
        assert!(scope.may_use(&["mine", "tiny"]) && !scope.may_use(&["mine", "other"]));
        assert!(Scope::default().may_use(&[]));
    }
}
