//! Bills over BSS OpenAPI 2017-12-14, signed with ACS3: balance, a month by product, a month by day and item. Every call
//! only reads, so every call may be repeated; each try is signed anew, because a nonce is good once.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::ToSpan as _;
use jiff::civil::Date;
use pc_base::{Clock, Code, coded};
use pc_protocol::acs3::{Authorization, Request, canonical_query, payload_hash};
use pc_protocol::{
    AccountBalance, BillItem, BillKind, BillOverview, BssAnswer, InstanceBill, InstanceId, action, query, time,
};
use reqwest::{Method, RequestBuilder};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::cloud::Cloud;
use crate::endpoint::Billing;
use crate::error::outward;
use crate::network::Network;
use crate::retry::Repeat;
use crate::transport::{Kind, Transport};

/// Days that are read at once; far below what the billing API allows.
const AT_ONCE: usize = 4;
/// Pages of one day: 300 000 lines. A list that goes on is a broken one.
const MOST_PAGES: usize = 1000;

/// The billing API of an endpoint.
pub(crate) struct Bills {
    billing: Billing,
    transport: Transport,
    clock: Arc<dyn Clock>,
}

/// One line of a bill: a day, a model, an item. Amounts are as billed, to the last digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillLine {
    /// `YYYY-MM-DD` in the cloud's zone.
    pub day: String,
    pub kind: BillKind,
    pub model: String,
    /// `training_token`, `input_token`, `output_token`, `model_unit_hour`, or a cloud's own code.
    pub item: String,
    /// Empty for use over a console.
    pub api_key_id: String,
    /// In `unit`s, such as `1K tokens`.
    pub quantity: Decimal,
    pub unit: String,
    /// For one `unit`.
    pub unit_price: Decimal,
    /// Before tax.
    pub cost: Decimal,
    /// ISO 4217.
    pub currency: String,
}

type Parameters = Vec<(&'static str, String)>;

impl Bills {
    pub(crate) fn new(billing: Billing, network: &Network, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let transport = Transport::new(&billing.url, network)?;
        Ok(Self { billing, transport, clock })
    }

    async fn act<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        action: &str,
        parameters: Parameters,
    ) -> anyhow::Result<T> {
        let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let answer: BssAnswer<T> = self.call(operation, &[], (action::VERSION, action), parameters).await?;
        Ok(answer.data)
    }

    /// Sends a signed request without a body; `action` with its API's version. What makes something is not repeated: each try
    /// is signed anew, and so it would be made anew.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &[&str],
        action: (&str, &str),
        parameters: Vec<(String, String)>,
    ) -> anyhow::Result<T> {
        let repeat = if path.is_empty() { Repeat::Safe } else { Repeat::IfUntouched };
        let kind = Kind { operation, repeat, limit: Some(self.transport.network.call_timeout) };
        let query = parameters.into_iter().collect();
        self.transport.json(kind, || self.signed(path, action, &query)).await.map_err(outward)
    }

    fn signed(
        &self,
        path: &[&str],
        (version, action): (&str, &str),
        query: &BTreeMap<String, String>,
    ) -> RequestBuilder {
        let hash = payload_hash(b"");
        let mut headers = BTreeMap::from([
            ("host".to_owned(), self.transport.host.clone()),
            ("x-acs-action".to_owned(), action.to_owned()),
            ("x-acs-version".to_owned(), version.to_owned()),
            ("x-acs-date".to_owned(), self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("x-acs-signature-nonce".to_owned(), Uuid::new_v4().simple().to_string()),
            ("x-acs-content-sha256".to_owned(), hash.clone()),
        ]);
        let way = format!("/{}", path.join("/"));
        let request = Request { method: "POST", path: &way, query, headers: &headers, payload_hash: &hash };
        let secret = self.billing.access_key_secret.expose();
        let authorization = Authorization::sign(&self.billing.access_key_id, secret, &request).header();
        // The HTTP library writes this one itself, from the same address.
        headers.remove("host");
        let sent = self.transport.request_with_query(Method::POST, path, &canonical_query(query));
        let sent = headers.iter().fold(sent, |sent, (name, value)| sent.header(name, value));
        sent.header("authorization", authorization)
    }

    /// All lines of one day, page after page.
    async fn day(&self, month: &str, day: Date) -> anyhow::Result<Vec<BillLine>> {
        let mut lines = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut parameters = vec![
                ("BillingCycle", month.to_owned()),
                ("BillingDate", day.to_string()),
                ("Granularity", "DAILY".to_owned()),
                ("IsBillingItem", "true".to_owned()),
                ("MaxResults", query::MOST_RESULTS.to_string()),
                ("ProductCode", query::PRODUCT.to_owned()),
            ];
            parameters.extend(token.clone().map(|token| ("NextToken", token)));
            let page: InstanceBill = self.act("bill_lines", action::INSTANCE_BILL, parameters).await?;
            lines.extend(page.items.into_iter().map(|item| line_of(item, day)));
            let next = page.next_token.filter(|next| !next.is_empty());
            if next.is_none() {
                return Ok(lines);
            }
            if next == token {
                break;
            }
            token = next;
        }
        Err(outward(self.transport.garbled("bill_lines", "the pages of the bill do not end")))
    }
}

fn line_of(item: BillItem, day: Date) -> BillLine {
    let instance = InstanceId::read(&item.instance_id).unwrap_or_default();
    let or = |text: String, other: String| if text.is_empty() { other } else { text };
    BillLine {
        day: item.billing_date.unwrap_or_else(|| day.to_string()),
        kind: BillKind::of(&item.commodity_code),
        model: or(instance.model, item.product_detail),
        item: or(instance.item, item.billing_item_code),
        api_key_id: instance.api_key_id,
        quantity: item.usage.unwrap_or_default(),
        unit: item.usage_unit,
        unit_price: item.list_price.unwrap_or_default(),
        cost: item.pretax_amount,
        currency: item.currency,
    }
}

/// First day of a month `YYYY-MM`.
fn first_of(month: &str) -> anyhow::Result<Date> {
    let invalid = || coded(Code::InputInvalid).with("what", month).with("why", "a month is written YYYY-MM");
    let day = (month.len() == 7).then(|| format!("{month}-01").parse().ok()).flatten();
    day.ok_or_else(|| invalid().into())
}

impl Cloud {
    pub(crate) fn bills(&self) -> anyhow::Result<&Bills> {
        let none =
            || coded(Code::InputInvalid).with("what", "AccessKey").with("why", "bills need one and none is known");
        self.0.bills.as_ref().ok_or_else(|| none().into())
    }

    /// What the account holds.
    pub async fn balance(&self) -> anyhow::Result<AccountBalance> {
        self.bills()?.act("balance", action::BALANCE, Vec::new()).await
    }

    /// A month (`YYYY-MM`) by product.
    pub async fn bill_overview(&self, month: &str) -> anyhow::Result<BillOverview> {
        first_of(month)?;
        let parameters = vec![("BillingCycle", month.to_owned()), ("ProductCode", query::PRODUCT.to_owned())];
        self.bills()?.act("bill_overview", action::OVERVIEW, parameters).await
    }

    /// A month (`YYYY-MM`) by day and item, oldest day first; days to come are not asked for.
    pub async fn bill_lines(&self, month: &str) -> anyhow::Result<Vec<BillLine>> {
        let (bills, first) = (self.bills()?, first_of(month)?);
        let today = bills.clock.now().to_zoned(time::zone()).date();
        let last = first.last_of_month().min(today);
        let days = first.series(1.day()).take_while(|day| *day <= last);
        let read = futures_util::stream::iter(days).map(|day| bills.day(month, day)).buffered(AT_ONCE);
        Ok(read.try_collect::<Vec<_>>().await?.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_one_form() {
        assert_eq!(first_of("2026-02").unwrap().last_of_month().to_string(), "2026-02-28");
        for bad in ["", "2026", "2026-13", "2026-1", "2026-02-01", "26-02-1"] {
            assert!(first_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_row_of_another_form_keeps_its_cost() {
        let item = BillItem {
            instance_id: "i-1".into(),
            product_detail: "something".into(),
            billing_item_code: "code".into(),
            pretax_amount: "0.1".parse().unwrap(),
            ..BillItem::default()
        };
        let line = line_of(item, "2026-11-02".parse().unwrap());
        assert_eq!((line.model.as_str(), line.item.as_str(), line.kind), ("something", "code", BillKind::Other));
        assert_eq!((line.cost.to_string().as_str(), line.day.as_str()), ("0.1", "2026-11-02"));
    }
}
