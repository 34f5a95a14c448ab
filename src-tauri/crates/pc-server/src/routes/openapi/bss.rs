//! BSS OpenAPI 2017-12-14: balance and bills of an account. Every figure is a sum over bill lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use pc_protocol::query::{MOST_RESULTS, PRODUCT};
use pc_protocol::time::zone;
use pc_protocol::{
    AccountBalance, BillItem, BillOverview, BssAnswer, InstanceBill, InstanceBillPage, InstanceId, ItemList,
    OverviewItem, SettledBill, SettledItem, action,
};
use pc_store::cloud::Whose;
use rust_decimal::Decimal;
use serde::Serialize;

use super::listed::{Names, page};
use super::parameters::{Parameters, day, invalid, missing, month};
use super::signed::{Admitted, Signed, no_action};
use crate::caller::blocking;
use crate::money::bill::{Line, by_instance, monthly};
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// How many months before this one a bill can be read.
const MONTHS_BACK: i32 = 18;
/// How far the older action reads.
const MOST_PAGED: usize = 50_000;
const PAY_AS_YOU_GO: &str = "PayAsYouGo";
const BILL_TYPE: &str = "PayAsYouGoBill";
const NAMES: Names = Names { size: "MaxResults", token: "NextToken", most: MOST_RESULTS as usize, downwards: false };

pub(super) async fn act(Shared(state): Shared<Arc<State>>, request: Request) -> Answer<Response> {
    let signed = Signed::read(&state, request).await?;
    blocking(move || {
        let Admitted { request_id: id, account, action, parameters, .. } = signed.admitted(&state, action::VERSION)?;
        state.rates.bill(&state.profile, account, &action, state.clock.now().as_second())?;
        let bills = Bills { state: &state, account };
        match action.as_str() {
            action::BALANCE => Ok(said(id, bills.balance(parameters)?)),
            action::OVERVIEW => Ok(said(id, bills.overview(parameters)?)),
            action::INSTANCE_BILL => Ok(said(id, bills.instances(parameters)?)),
            action::INSTANCE_BILL_PAGE => Ok(said(id, bills.instances_paged(parameters)?)),
            action::SETTLED_BILL => Ok(said(id, bills.settled(parameters)?)),
            _ => Err(no_action()),
        }
    })
    .await
}

fn said<T: Serialize>(id: String, data: T) -> Response {
    Json(BssAnswer::success(id, data)).into_response()
}

/// One account's.
struct Bills<'a> {
    state: &'a State,
    account: i64,
}

/// A month: its text, first and last day.
struct Cycle(String, Date, Date);

impl Bills<'_> {
    fn name(&self) -> String {
        self.account.to_string()
    }

    /// The embedded cloud takes no money, so the account holds none and owes none.
    fn balance(&self, parameters: Parameters) -> Answer<AccountBalance> {
        parameters.done()?;
        let none = Decimal::new(0, 2);
        Ok(AccountBalance {
            available_amount: none,
            available_cash_amount: none,
            credit_amount: none,
            mybank_credit_amount: none,
            quota_limit: none,
            currency: self.state.prices.currency.clone(),
        })
    }

    /// The asked month, which is this one or one of the 18 before it.
    fn cycle(&self, parameters: &mut Parameters) -> Answer<Cycle> {
        let text = parameters.needed("BillingCycle")?;
        if text.len() != 7 {
            return Err(invalid("BillingCycle", "it is a month, YYYY-MM"));
        }
        let first = month("BillingCycle", &text)?;
        let this = self.state.clock.now().to_zoned(zone()).date().first_of_month();
        let oldest = this.checked_sub(MONTHS_BACK.months()).map_err(anyhow::Error::from)?;
        if first > this || first < oldest {
            return Err(invalid("BillingCycle", "it is this month or one of the 18 before"));
        }
        Ok(Cycle(text, first, first.last_of_month()))
    }

    /// Takes the parameters that choose by product and owner: whether there is anything of what they ask for. The embedded
    /// cloud sells one product, by use.
    fn is_ours(&self, parameters: &mut Parameters) -> Answer<bool> {
        for name in ["BillOwnerId", "OwnerId"] {
            if parameters.number(name, 0, i64::MAX)?.is_some_and(|owner: i64| owner != self.account) {
                let message = format!("The specified {name} is not this account.");
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidOwner", message));
            }
        }
        let kind = parameters.word("SubscriptionType", &["Subscription", PAY_AS_YOU_GO])?;
        let mut ours = kind.is_none_or(|kind| kind == PAY_AS_YOU_GO);
        for (name, own) in [("ProductCode", PRODUCT), ("PipCode", PRODUCT), ("ProductType", "")] {
            ours &= parameters.text(name).is_none_or(|asked| asked == own);
        }
        Ok(ours)
    }

    fn daily(&self, first: Date, last: Date) -> anyhow::Result<Vec<Line>> {
        self.state.daily_lines(Whose::Account(self.account), first, last)
    }

    /// The lines that the parameters of a bill by instance ask for, and whether by item.
    fn asked(&self, parameters: &mut Parameters) -> Answer<(Cycle, Vec<Line>, bool)> {
        let cycle = self.cycle(parameters)?;
        let Cycle(text, first, last) = &cycle;
        let ours = self.is_ours(parameters)?;
        let date = parameters.text("BillingDate").map(|date| day("BillingDate", &date)).transpose()?;
        let lines = match (parameters.word("Granularity", &["MONTHLY", "DAILY"])?.unwrap_or("MONTHLY"), date) {
            ("DAILY", None) => return Err(missing("BillingDate")),
            ("DAILY", Some(date)) if date < *first || date > *last => {
                return Err(invalid("BillingDate", "it is a day of the BillingCycle"));
            }
            ("DAILY", Some(date)) => self.daily(date, date)?,
            (_, Some(_)) => return Err(invalid("BillingDate", "it needs the Granularity DAILY")),
            (_, None) => monthly(self.daily(*first, *last)?, text),
        };
        let by_item = parameters.flag("IsBillingItem")?.unwrap_or(false);
        let mut lines = if by_item { lines } else { by_instance(lines) };
        if parameters.flag("IsHideZeroCharge")? == Some(true) {
            lines.retain(|line| !line.cost.is_zero());
        }
        if let Some(wanted) = parameters.text("InstanceID") {
            lines.retain(|line| instance_id(line) == wanted);
        }
        if !ours {
            lines.clear();
        }
        Ok((cycle, lines, by_item))
    }

    fn instances(&self, mut parameters: Parameters) -> Answer<InstanceBill> {
        let question = parameters.question(self.account, action::INSTANCE_BILL, [NAMES.size, NAMES.token]);
        let (cycle, lines, by_item) = self.asked(&mut parameters)?;
        let page = page(self.state, &mut parameters, &NAMES, &question, sorted(lines))?;
        parameters.done()?;
        Ok(InstanceBill {
            billing_cycle: cycle.0,
            account_id: self.name(),
            account_name: self.name(),
            total_count: page.total,
            max_results: page.size as u64,
            next_token: page.next,
            items: page.rows.iter().map(|line| self.row(line, by_item)).collect(),
        })
    }

    fn instances_paged(&self, mut parameters: Parameters) -> Answer<InstanceBillPage> {
        let (cycle, lines, by_item) = self.asked(&mut parameters)?;
        let number = parameters.number("PageNum", 1, MOST_PAGED)?.unwrap_or(1);
        let size = parameters.number("PageSize", 1, MOST_RESULTS as usize)?.unwrap_or(20);
        parameters.done()?;
        let total_count = lines.len() as u64;
        let rows = sorted(lines).into_iter().take(MOST_PAGED).skip((number - 1) * size).take(size);
        Ok(InstanceBillPage {
            billing_cycle: cycle.0,
            account_id: self.name(),
            account_name: self.name(),
            total_count,
            page_num: number as u64,
            page_size: size as u64,
            items: ItemList { items: rows.map(|(_, line)| self.row(&line, by_item)).collect() },
        })
    }

    fn row(&self, line: &Line, by_item: bool) -> BillItem {
        let (group, cost, currency) = (&line.group, line.cost, &self.state.prices.currency);
        let only = |text: &str| if by_item { text.to_owned() } else { String::new() };
        BillItem {
            after_discount_amount: cost,
            bill_account_id: self.name(),
            bill_account_name: self.name(),
            // A line of a month has the month there.
            billing_date: (group.day.len() == 10).then(|| group.day.clone()),
            billing_item: only(&group.item),
            billing_item_code: only(&group.item),
            commodity_code: line.commodity().to_owned(),
            currency: currency.clone(),
            instance_id: instance_id(line),
            item: BILL_TYPE.to_owned(),
            list_price: by_item.then_some(group.unit_price),
            list_price_unit: only(&format!("{currency}/{}", line.unit)),
            owner_id: self.name(),
            payment_amount: cost,
            pip_code: PRODUCT.to_owned(),
            pretax_amount: cost,
            pretax_gross_amount: cost,
            product_code: PRODUCT.to_owned(),
            product_detail: group.model.clone(),
            product_name: PRODUCT_NAME.to_owned(),
            region: REGION.to_owned(),
            subscription_type: PAY_AS_YOU_GO.to_owned(),
            usage: by_item.then_some(line.quantity),
            usage_unit: only(line.unit),
            ..BillItem::default()
        }
    }

    /// One item a commodity.
    fn overview(&self, mut parameters: Parameters) -> Answer<BillOverview> {
        let Cycle(billing_cycle, first, last) = self.cycle(&mut parameters)?;
        let ours = self.is_ours(&mut parameters)?;
        parameters.done()?;
        let mut sums: BTreeMap<&str, Decimal> = BTreeMap::new();
        for line in self.daily(first, last)?.iter().filter(|_| ours) {
            *sums.entry(line.commodity()).or_default() += line.cost;
        }
        let currency = &self.state.prices.currency;
        let item = |(code, cost): (&str, Decimal)| OverviewItem {
            after_tax_amount: cost,
            bill_account_id: self.name(),
            bill_account_name: self.name(),
            commodity_code: code.to_owned(),
            currency: currency.clone(),
            item: BILL_TYPE.to_owned(),
            owner_id: self.name(),
            payment_amount: cost,
            payment_currency: currency.clone(),
            pip_code: PRODUCT.to_owned(),
            pretax_amount: cost,
            pretax_amount_local: cost,
            pretax_gross_amount: cost,
            product_code: PRODUCT.to_owned(),
            product_name: PRODUCT_NAME.to_owned(),
            subscription_type: PAY_AS_YOU_GO.to_owned(),
            ..OverviewItem::default()
        };
        let items = ItemList { items: sums.into_iter().map(item).collect() };
        Ok(BillOverview { billing_cycle, account_id: self.name(), account_name: self.name(), items })
    }

    /// One record an instance. Whatever the account used is settled: it owes nothing.
    fn settled(&self, mut parameters: Parameters) -> Answer<SettledBill> {
        let question = parameters.question(self.account, action::SETTLED_BILL, [NAMES.size, NAMES.token]);
        let cycle = self.cycle(&mut parameters)?;
        let ours = self.is_ours(&mut parameters)?;
        let kinds = ["SubscriptionOrder", BILL_TYPE, "Refund", "Adjustment"];
        let kind = parameters.word("Type", &kinds)?.is_none_or(|kind| kind == BILL_TYPE);
        // The bill's currency is the local one, so both answers are the same.
        parameters.flag("IsDisplayLocalCurrency")?;
        let mut lines = by_instance(monthly(self.daily(cycle.1, cycle.2)?, &cycle.0));
        if parameters.flag("IsHideZeroCharge")? == Some(true) {
            lines.retain(|line| !line.cost.is_zero());
        }
        if let Some(wanted) = parameters.text("RecordID") {
            lines.retain(|line| record_id(&cycle, line) == wanted);
        }
        if !ours || !kind {
            lines.clear();
        }
        let page = page(self.state, &mut parameters, &NAMES, &question, sorted(lines))?;
        parameters.done()?;
        Ok(SettledBill {
            account_id: self.name(),
            account_name: self.name(),
            total_count: page.total,
            max_results: page.size as u64,
            next_token: page.next,
            items: ItemList { items: page.rows.iter().map(|line| self.record(&cycle, line)).collect() },
            billing_cycle: cycle.0,
        })
    }

    fn record(&self, cycle: &Cycle, line: &Line) -> SettledItem {
        let (cost, currency) = (line.cost, &self.state.prices.currency);
        SettledItem {
            after_tax_amount: cost,
            bill_account_id: self.name(),
            bill_account_name: self.name(),
            commodity_code: line.commodity().to_owned(),
            currency: currency.clone(),
            item: BILL_TYPE.to_owned(),
            owner_id: self.name(),
            payment_amount: cost,
            payment_currency: currency.clone(),
            pip_code: PRODUCT.to_owned(),
            pretax_amount: cost,
            pretax_amount_local: cost,
            pretax_gross_amount: cost,
            product_code: PRODUCT.to_owned(),
            product_detail: line.group.model.clone(),
            product_name: PRODUCT_NAME.to_owned(),
            record_id: record_id(cycle, line),
            status: "PayFinish".to_owned(),
            subscription_type: PAY_AS_YOU_GO.to_owned(),
            usage_start_time: format!("{} 00:00:00", cycle.1),
            usage_end_time: format!("{} 23:59:59", cycle.2),
            ..SettledItem::default()
        }
    }
}

const PRODUCT_NAME: &str = "Embedded cloud";
/// The only region that this cloud has.
pub(super) const REGION: &str = "embedded";

/// Lines in the order of their pages.
fn sorted(lines: Vec<Line>) -> Vec<(String, Line)> {
    let key = |line: &Line| {
        let group = &line.group;
        format!("{};{};{};{}", group.day, instance_id(line), group.base_model, group.unit_price)
    };
    let mut keyed: Vec<(String, Line)> = lines.into_iter().map(|line| (key(&line), line)).collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    keyed
}

fn record_id(Cycle(month, ..): &Cycle, line: &Line) -> String {
    format!("{month};{}", instance_id(line))
}

fn instance_id(line: &Line) -> String {
    let group = &line.group;
    let instance = InstanceId {
        api_key_id: group.api_key_id.clone(),
        workspace: group.workspace_id.clone(),
        model: group.model.clone(),
        item: group.item.clone(),
        channel: "app".to_owned(),
        free: false,
    };
    instance.to_string()
}
