//! BSS OpenAPI 2017-12-14: what the account holds, and a month by product.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{amount, lenient};

use super::ItemList;

/// `QueryAccountBalance`: amounts are text, perhaps with thousands separators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct AccountBalance {
    #[serde(with = "amount::text")]
    #[schemars(with = "String")]
    pub available_amount: Decimal,
    #[serde(default, with = "amount::text")]
    #[schemars(with = "String")]
    pub available_cash_amount: Decimal,
    #[serde(default, with = "amount::text")]
    #[schemars(with = "String")]
    pub credit_amount: Decimal,
    #[serde(default, with = "amount::text")]
    #[schemars(with = "String")]
    pub mybank_credit_amount: Decimal,
    #[serde(default, with = "amount::text")]
    #[schemars(with = "String")]
    pub quota_limit: Decimal,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: String,
}

/// `QueryBillOverview`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct BillOverview {
    #[serde(default, deserialize_with = "lenient::text")]
    pub billing_cycle: String,
    #[serde(default, rename = "AccountID", deserialize_with = "lenient::text")]
    pub account_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub account_name: String,
    pub items: ItemList<OverviewItem>,
}

/// A product's sum, every field that the vendor's own types declare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct OverviewItem {
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub adjust_amount: Decimal,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub after_tax_amount: Decimal,
    #[serde(default, rename = "BillAccountID", deserialize_with = "lenient::text")]
    pub bill_account_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub bill_account_name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub biz_type: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub cash_amount: Decimal,
    #[serde(default, deserialize_with = "lenient::text")]
    pub commodity_code: String,
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
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub invoice_discount: Decimal,
    #[serde(default, deserialize_with = "lenient::text")]
    pub item: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub outstanding_amount: Decimal,
    #[serde(default, rename = "OwnerID", deserialize_with = "lenient::text")]
    pub owner_id: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub payment_amount: Decimal,
    #[serde(default, deserialize_with = "lenient::text")]
    pub payment_currency: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub pip_code: String,
    #[serde(with = "amount::number")]
    #[schemars(with = "f64")]
    pub pretax_amount: Decimal,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub pretax_amount_local: Decimal,
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
    pub round_down_discount: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub subscription_type: String,
    #[serde(default, with = "amount::number")]
    #[schemars(with = "f64")]
    pub tax: Decimal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_with_separators_reads() {
        let text = r#"{"AvailableAmount":"12,345.67","Currency":"CNY","CreditAmount":"0.00"}"#;
        let balance: AccountBalance = serde_json::from_str(text).unwrap();
        assert_eq!(balance.available_amount, "12345.67".parse().unwrap());
        assert!(serde_json::from_str::<AccountBalance>("{}").is_err(), "an account without an amount is no answer");
    }
}
