//! A plan as the window and the command line say it, and as the engine wants it. Deliberately absent: what the ways do.

use anyhow::Result;
use pc_base::{Code, Language, coded};
use pc_dataset::privacy::{Kind, OwnRule, Plan, Rules, Way};

use crate::api::{MaskPlan, MaskRule, MaskWay};

/// Removed finds are named in the reader's language. [`Code::InputInvalid`] for a kind that there is not.
pub(super) fn read(wanted: MaskPlan, language: Language) -> Result<Plan> {
    let known = |name: &str| {
        let found = Kind::ALL.iter().copied().find(|kind| kind.name() == name);
        let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        found.ok_or_else(|| coded(Code::InputInvalid).with("what", name).with("why", kinds.join(" | ")))
    };
    let mut plan = Plan { otherwise: way(wanted.otherwise), chinese: language == Language::Chinese, ..Plan::default() };
    for (name, wanted) in &wanted.ways {
        plan.ways.insert(known(name)?, way(*wanted));
    }
    plan.rules = Rules { own: wanted.own.into_iter().map(rule).collect(), ..Rules::default() };
    Ok(plan)
}

fn way(way: MaskWay) -> Way {
    match way {
        MaskWay::Keep => Way::Keep,
        MaskWay::Mask => Way::Mask,
        MaskWay::Remove => Way::Remove,
        MaskWay::Generalise => Way::Generalise,
        MaskWay::Pseudonym => Way::Pseudonym,
    }
}

fn rule(rule: MaskRule) -> OwnRule {
    match rule {
        MaskRule::Words { name, words } => OwnRule::Words { name, words },
        MaskRule::Pattern { name, pattern } => OwnRule::Pattern { name, pattern },
    }
}
