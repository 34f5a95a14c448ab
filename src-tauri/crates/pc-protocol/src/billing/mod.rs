//! BSS OpenAPI 2017-12-14: the envelope and bills by item. RPC style: all parameters are in the query of `POST /`.
//!
//! Amounts are JSON numbers on this wire, quantities and prices are text; all are exact decimals here.

mod overview;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{amount, lenient};

pub use overview::{AccountBalance, BillOverview, OverviewItem};

/// Names of actions, sent as `x-acs-action`.
pub mod action {
    /// The API's version, sent as `x-acs-version`.
    pub const VERSION: &str = "2017-12-14";
    pub const BALANCE: &str = "QueryAccountBalance";
    pub const OVERVIEW: &str = "QueryBillOverview";
    pub const INSTANCE_BILL: &str = "DescribeInstanceBill";
    pub const INSTANCE_BILL_PAGE: &str = "QueryInstanceBill";
    pub const SETTLED_BILL: &str = "QuerySettleBill";
}

/// Names and values of parameters.
pub mod query {
    /// Model Studio's product code.
    pub const PRODUCT: &str = "sfm";
    /// The most rows of a page.
    pub const MOST_RESULTS: u32 = 300;
}

/// `{"Code":"Success","Message","RequestId","Success":true,"Data"}`
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BssAnswer<T> {
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub request_id: String,
    #[serde(default)]
    pub success: bool,
    pub data: T,
}

impl<T> BssAnswer<T> {
    /// A success.
    pub fn success(request_id: String, data: T) -> Self {
        Self { code: "Success".into(), message: "Successful!".into(), request_id, success: true, data }
    }
}

/// `{"Item": […]}`, which most answers wrap their rows in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ItemList<T> {
    #[serde(rename = "Item", default = "Vec::<T>::new", bound(deserialize = "T: Deserialize<'de>"))]
    pub items: Vec<T>,
}

/// `DescribeInstanceBill`: rows are in a flat list here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceBill {
    #[serde(default, deserialize_with = "lenient::text")]
    pub billing_cycle: String,
    #[serde(default, rename = "AccountID", deserialize_with = "lenient::text")]
    pub account_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub account_name: String,
    /// Rows of all pages.
    #[serde(default, deserialize_with = "lenient::count")]
    pub total_count: u64,
    #[serde(default, deserialize_with = "lenient::count")]
    pub max_results: u64,
    /// Of the next page; nothing on the last one.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub next_token: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    pub items: Vec<BillItem>,
}

/// A row of a bill, every field that the vendor's own types declare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BillItem {
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub adjust_amount: Decimal,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub after_discount_amount: Decimal,
    #[serde(default, rename = "BillAccountID", deserialize_with = "lenient::text")]
    pub bill_account_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub bill_account_name: String,
    /// `YYYY-MM-DD`; nothing on a bill by month.
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub billing_date: Option<String>,
    /// Only with `IsBillingItem=true`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub billing_item: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub billing_item_code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub billing_type: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub biz_type: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub cash_amount: Decimal,
    /// See [`BillKind::of`].
    #[serde(default, deserialize_with = "lenient::text")]
    pub commodity_code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub cost_unit: String,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub deducted_by_cash_coupons: Decimal,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub deducted_by_coupons: Decimal,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub deducted_by_prepaid_card: Decimal,
    #[serde(default, with = "amount::text")]
    #[schemars(with = "String")]
    pub deducted_by_resource_package: Decimal,
    #[serde(default, deserialize_with = "lenient::text")]
    pub instance_config: String,
    /// See [`InstanceId`].
    #[serde(default, rename = "InstanceID", deserialize_with = "lenient::text")]
    pub instance_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub instance_spec: String,
    #[serde(default, rename = "InternetIP", deserialize_with = "lenient::text")]
    pub internet_ip: String,
    #[serde(default, rename = "IntranetIP", deserialize_with = "lenient::text")]
    pub intranet_ip: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub invoice_discount: Decimal,
    /// `PayAsYouGoBill`, …
    #[serde(default, deserialize_with = "lenient::text")]
    pub item: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub item_name: String,
    /// Only with `IsBillingItem=true`.
    #[serde(default, with = "amount::maybe_text")]
    #[schemars(with = "String")]
    pub list_price: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub list_price_unit: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub nick_name: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub outstanding_amount: Decimal,
    #[serde(default, rename = "OwnerID", deserialize_with = "lenient::text")]
    pub owner_id: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub payment_amount: Decimal,
    #[serde(default, deserialize_with = "lenient::text")]
    pub pip_code: String,
    /// What the row costs.
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub pretax_amount: Decimal,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub pretax_gross_amount: Decimal,
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_detail: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_type: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub region: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub resource_group: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub service_period: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub service_period_unit: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub subscription_type: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub tag: String,
    /// In `usage_unit`s; only with `IsBillingItem=true`.
    #[serde(default, with = "amount::maybe_text")]
    #[schemars(with = "String")]
    pub usage: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub usage_unit: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub zone: String,
}

/// `QueryInstanceBill`: the older form, in numbered pages. The console reads the newer one, so this is written only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceBillPage {
    pub billing_cycle: String,
    #[serde(rename = "AccountID")]
    pub account_id: String,
    pub account_name: String,
    pub total_count: u64,
    pub page_num: u64,
    pub page_size: u64,
    pub items: ItemList<BillItem>,
}

/// `QuerySettleBill`. The console reads bills by item, so this is written only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SettledBill {
    pub billing_cycle: String,
    #[serde(rename = "AccountID")]
    pub account_id: String,
    pub account_name: String,
    pub total_count: u64,
    pub max_results: u64,
    pub next_token: Option<String>,
    pub items: ItemList<SettledItem>,
}

/// A row of a settled bill, every field that the vendor's own types declare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SettledItem {
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub adjust_amount: Decimal,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub after_tax_amount: Decimal,
    #[serde(rename = "BillAccountID")]
    pub bill_account_id: String,
    pub bill_account_name: String,
    pub biz_type: String,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub cash_amount: Decimal,
    pub commodity_code: String,
    pub currency: String,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub deducted_by_cash_coupons: Decimal,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub deducted_by_coupons: Decimal,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub deducted_by_prepaid_card: Decimal,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub invoice_discount: Decimal,
    /// `PayAsYouGoBill`, …
    pub item: String,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub outstanding_amount: Decimal,
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub payment_amount: Decimal,
    pub payment_currency: String,
    pub payment_time: String,
    #[serde(rename = "PaymentTransactionID")]
    pub payment_transaction_id: String,
    pub pip_code: String,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub pretax_amount: Decimal,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub pretax_amount_local: Decimal,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub pretax_gross_amount: Decimal,
    pub product_code: String,
    pub product_detail: String,
    pub product_name: String,
    pub product_type: String,
    #[serde(rename = "RecordID")]
    pub record_id: String,
    pub round_down_discount: String,
    /// `PayFinish`, …
    pub status: String,
    pub sub_order_id: String,
    pub subscription_type: String,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub tax: Decimal,
    pub usage_end_time: String,
    pub usage_start_time: String,
}

/// What a row of a bill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BillKind {
    Training,
    Inference,
    /// Deployments by the hour.
    Hosting,
    Other,
}

impl BillKind {
    /// By commodity code, such as `sfm_training_public_cn`.
    pub fn of(commodity_code: &str) -> Self {
        match commodity_code {
            code if code.contains("training") => Self::Training,
            code if code.contains("inference") => Self::Inference,
            code if code.contains("deployment") => Self::Hosting,
            _ => Self::Other,
        }
    }

    /// `training`, `inference`, `hosting` or `other`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Inference => "inference",
            Self::Hosting => "hosting",
            Self::Other => "other",
        }
    }
}

/// The instance of a bill's row: API key's id (empty for console use), workspace, model, item, channel, free-tier flag,
/// joined by `;`. Documented for exported bills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceId {
    pub api_key_id: String,
    pub workspace: String,
    pub model: String,
    /// `input_token`, `output_token`, …
    pub item: String,
    /// `app`, `bmp` or `assistant-api`.
    pub channel: String,
    pub free: bool,
}

impl InstanceId {
    /// Nothing when the text has another form.
    pub fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(';').collect();
        let [api_key_id, workspace, model, item, rest @ ..] = parts.as_slice() else { return None };
        let own = |text: &str| text.to_owned();
        Some(Self {
            api_key_id: own(api_key_id),
            workspace: own(workspace),
            model: own(model),
            item: own(item),
            channel: own(rest.first().copied().unwrap_or_default()),
            free: rest.get(1).is_some_and(|flag| *flag == "1"),
        })
    }
}

impl std::fmt::Display for InstanceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { api_key_id, workspace, model, item, channel, free } = self;
        write!(f, "{api_key_id};{workspace};{model};{item};{channel};{}", u8::from(*free))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_bill_reads_to_the_last_digit() {
        let text = r#"{"Code":"Success","Success":true,"RequestId":"R","Message":"Successful!",
         "Data":{"BillingCycle":"2026-11","AccountID":"1","TotalCount":1,"MaxResults":300,"NextToken":null,
          "Items":[{"BillingDate":"2026-11-22","ProductCode":"sfm","CommodityCode":"sfm_inference_public_cn",
           "InstanceID":"123;llm-x;qwen3-8b;output_token;app;0","BillingItemCode":"x","Usage":"12000",
           "UsageUnit":"1K tokens","ListPrice":"0.002","PretaxAmount":0.024,"Currency":"CNY"}]}}"#;
        let answer: BssAnswer<InstanceBill> = serde_json::from_str(text).unwrap();
        let row = &answer.data.items[0];
        assert_eq!((row.pretax_amount, row.usage), ("0.024".parse().unwrap(), Some(Decimal::from(12000))));
        assert_eq!((row.list_price, answer.data.next_token), (Some("0.002".parse().unwrap()), None));
        let instance = InstanceId::read(&row.instance_id).unwrap();
        assert_eq!((instance.model.as_str(), instance.item.as_str()), ("qwen3-8b", "output_token"));
        assert_eq!(instance.to_string(), row.instance_id);
        assert_eq!(BillKind::of(&row.commodity_code), BillKind::Inference);
    }

    #[test]
    fn a_row_without_an_amount_is_an_error_and_not_free() {
        assert!(serde_json::from_str::<BillItem>(r#"{"Usage":"1"}"#).is_err());
    }

    #[test]
    fn an_instance_of_another_form_is_none() {
        assert_eq!(InstanceId::read("i-123"), None);
        assert_eq!(BillKind::of("ecs"), BillKind::Other);
    }
}
