//! Repairs as their users see them: a nasty file in, a file without these findings out, and never a change that nobody asked for.

use std::path::PathBuf;

use pc_base::Silent;

use super::*;
use crate::{CheckOptions, check};

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(bytes: &[u8]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder can be made"));
        pc_base::write_atomic(&folder.path("a.jsonl"), bytes).expect("and written");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("readable")
    }

    fn fix(&self, from: &str, to: &str, plan: &FixPlan) -> FixReport {
        fix_file((&self.path(from), &self.path(to)), plan, &Silent, &Cancel::default()).expect("fixed")
    }

    fn found(&self, name: &str, kind: RowKind) -> Vec<(FindingCode, u64)> {
        let options = CheckOptions { kind, ..CheckOptions::default() };
        let report = check(&self.path(name), &options, &Silent, &Cancel::default()).expect("readable");
        assert!(report.findings_total < 10_000, "all are kept");
        report.findings.iter().map(|finding| (finding.code, finding.line)).collect()
    }
}

fn all(kind: RowKind) -> FixPlan {
    FixPlan { codes: FIXES.iter().map(|fix| fix.code).collect(), kind, ..FixPlan::default() }
}

fn talk(messages: &str) -> String {
    format!("{{\"messages\":[{messages}]}}")
}

fn u(text: &str) -> String {
    format!("{{\"role\":\"user\",\"content\":\"{text}\"}}")
}

fn a(text: &str) -> String {
    format!("{{\"role\":\"assistant\",\"content\":\"{text}\"}}")
}

/// A finding, the line that has it, and what the line is once all is repaired; nothing where it stays as it is.
type Case = (FindingCode, String, Option<String>);

fn some(text: String) -> Option<String> {
    Some(text)
}

fn good() -> String {
    talk(&format!("{},{}", u("q"), a("r")))
}

fn cases() -> Vec<Case> {
    [of_lines(), of_turns(), of_contents(), of_calls_and_characters()].concat()
}

fn of_lines() -> Vec<Case> {
    use FindingCode as F;
    let good = good();
    vec![
        (F::LineNotJson, format!("{},}}", &good[..good.len() - 1]), some(good.clone())),
        (
            F::LineNotJson,
            "{'messages': [{'role': 'user', 'content': 'q'}, {'role': 'bot', 'content': 'r'}]}".into(),
            some(good.clone()),
        ),
        (F::LineNotJson, "{\"messages\":[".into(), None),
        (F::LoneSurrogate, talk(&format!("{},{}", u("q\\ud83d"), a("r"))), some(good.clone())),
        (F::ControlCharacter, talk(&format!("{},{}", u("\\u0007q\\u007f"), a("r"))), some(good.clone())),
        (
            F::KeyDuplicate,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"content\":\"r\"}}", u("q"))),
            some(good.clone()),
        ),
        (
            F::KeyDuplicate,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"content\":\"s\"}}", u("q"))),
            None,
        ),
        (F::RowNotObject, format!("[{},{}]", u("q"), a("r")), some(good.clone())),
        (F::RowNotObject, "[1]".into(), None),
        (F::RowKeyUnknown, format!("{{\"id\":7,{}", &good[1..]), some(good.clone())),
        (
            F::MessagesNotList,
            format!("{{\"messages\":{}}}", serde_json::json!(format!("[{},{}]", u("q"), a("r")))),
            some(good.clone()),
        ),
        (F::MessageNotObject, talk(&format!("null,{},{}", u("q"), a("r"))), some(good.clone())),
        (
            F::MessageKeyRefused,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"name\":\"x\",\"weight\":1}}", u("q"))),
            some(good.clone()),
        ),
        (
            F::MessageKeyRefused,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"weight\":0}}", u("q"))),
            None,
        ),
        (
            F::MessageKeyUnknown,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"time\":\"now\"}}", u("q"))),
            some(good.clone()),
        ),
    ]
}

fn of_turns() -> Vec<Case> {
    use FindingCode as F;
    let good = good();
    vec![
        (F::RoleMissing, talk(&format!("{{\"from\":\"human\",\"value\":\"q\"}},{}", a("r"))), some(good.clone())),
        (F::RoleUnknown, talk(&format!("{},{{\"role\":\"客服\",\"content\":\"r\"}}", u("q"))), some(good.clone())),
        (F::RoleUnknown, talk(&format!("{},{{\"role\":\"Zhang\",\"content\":\"r\"}}", u("q"))), None),
        (
            F::SystemNotFirst,
            talk(&format!("{},{{\"role\":\"system\",\"content\":\"s\"}},{}", u("q"), a("r"))),
            some(talk(&format!("{{\"role\":\"system\",\"content\":\"s\"}},{},{}", u("q"), a("r")))),
        ),
        (
            F::TurnOrder,
            talk(&format!("{},{},{}", u("q"), u("p"), a("r"))),
            some(talk(&format!("{},{}", u("q\\np"), a("r")))),
        ),
        (F::TurnOrder, talk(&a("r")), None),
        (F::LastNotAssistant, talk(&format!("{},{},{},{}", u("q"), a("r"), u("x"), u("y"))), some(good.clone())),
        (F::LastNotAssistant, talk(&u("q")), None),
    ]
}

fn of_contents() -> Vec<Case> {
    use FindingCode as F;
    let good = good();
    vec![
        (
            F::ContentType,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":1.50}}", u("q"))),
            some(talk(&format!("{},{}", u("q"), a("1.50")))),
        ),
        (
            F::ContentType,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":[\"r\"]}}", u("q"))),
            some(talk(&format!("{},{{\"role\":\"assistant\",\"content\":[{{\"text\":\"r\"}}]}}", u("q")))),
        ),
        (F::ContentType, talk(&format!("{},{{\"role\":\"assistant\",\"content\":null}}", u("q"))), None),
        (
            F::ContentEmpty,
            talk(&format!("{{\"role\":\"system\",\"content\":\" \"}},{},{}", u("q"), a("r"))),
            some(good.clone()),
        ),
        (F::ContentEmpty, talk(&format!("{},{}", u("q"), a(""))), None),
        (
            F::LossWeightRange,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"loss_weight\":null}}", u("q"))),
            some(good.clone()),
        ),
        (
            F::LossWeightRange,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"loss_weight\":2}}", u("q"))),
            None,
        ),
        (
            F::LossWeightRole,
            talk(&format!("{{\"role\":\"user\",\"content\":\"q\",\"loss_weight\":1}},{}", a("r"))),
            some(good.clone()),
        ),
        (
            F::ThinkingNewlines,
            talk(&format!("{},{}", u("q"), a("<think>t</think>r"))),
            some(talk(&format!("{},{}", u("q"), a("<think>\\nt\\n</think>\\n\\nr")))),
        ),
        (F::ThinkingNewlines, talk(&format!("{},{}", u("q"), a("r<think>t"))), None),
        (
            F::ThinkingNotLast,
            talk(&format!("{},{},{},{}", u("q"), a("<think>\\nt\\n</think>\\n\\nr"), u("q"), a("r"))),
            some(talk(&format!("{},{},{},{}", u("q"), a("r"), u("q"), a("r")))),
        ),
    ]
}

fn of_calls_and_characters() -> Vec<Case> {
    use FindingCode as F;
    let good = good();
    let call = |id: &str, arguments: &str| {
        format!(
            "{{\"role\":\"assistant\",\"tool_calls\":[{{\"id\":\"{id}\",\"function\":{{\"name\":\"f\",\"arguments\":{arguments}}}}}]}}"
        )
    };
    let tool = |more: &str| format!("{{\"role\":\"tool\",\"content\":\"t\"{more}}}");
    vec![
        (F::ToolsNotList, format!("{},\"tools\":null}}", &good[..good.len() - 1]), some(good.clone())),
        (
            F::ToolsNotList,
            format!("{},\"tools\":\"[1]\"}}", &good[..good.len() - 1]),
            some(format!("{},\"tools\":[1]}}", &good[..good.len() - 1])),
        ),
        (
            F::ToolCallInvalid,
            talk(&format!("{},{{\"role\":\"assistant\",\"content\":\"r\",\"tool_calls\":[]}}", u("q"))),
            some(good.clone()),
        ),
        (
            F::ToolArgumentsNotJson,
            talk(&format!("{},{},{},{}", u("q"), call("c", "{\"x\":1}"), tool(",\"tool_call_id\":\"c\""), a("r"))),
            some(talk(&format!(
                "{},{},{},{}",
                u("q"),
                call("c", "\"{\\\"x\\\":1}\""),
                tool(",\"tool_call_id\":\"c\""),
                a("r")
            ))),
        ),
        (
            F::ToolIdUnknown,
            talk(&format!("{},{},{},{}", u("q"), call("c", "\"{}\""), tool(""), a("r"))),
            some(talk(&format!("{},{},{},{}", u("q"), call("c", "\"{}\""), tool(",\"tool_call_id\":\"c\""), a("r")))),
        ),
        (
            F::LookAlike,
            talk(&format!("{},{}", u("the b\u{430}nk"), a("r"))),
            some(talk(&format!("{},{}", u("the bank"), a("r")))),
        ),
        (F::ZeroWidth, talk(&format!("{},{}", u("q\u{200b}"), a("r"))), some(good.clone())),
        (
            F::Mojibake,
            talk(&format!("{},{}", u("cafÃ©"), a("ab\u{fffd}"))),
            some(talk(&format!("{},{}", u("café"), a("ab\u{fffd}")))),
        ),
        (F::EmojiBroken, talk(&format!("{},{}", u("q\u{fe0f}"), a("r"))), some(good.clone())),
        (F::BidiControl, talk(&format!("{},{}", u("q\u{202e}"), a("r"))), some(good)),
    ]
}

#[test]
fn each_finding_is_repaired_into_what_was_meant_or_left_alone() {
    for (code, line, wanted) in cases() {
        let folder = Folder::with(format!("{line}\n").as_bytes());
        assert!(
            folder.found("a.jsonl", RowKind::Sft).iter().any(|(found, _)| *found == code),
            "{} is in {line}",
            code.name()
        );
        let report = folder.fix("a.jsonl", "b.jsonl", &all(RowKind::Sft));
        let after = String::from_utf8(folder.read("b.jsonl")).expect("text");
        assert_eq!(after.trim_end(), wanted.as_deref().unwrap_or(&line), "{}", code.name());
        assert_eq!((report.changed, report.rows, report.removed), (u64::from(wanted.is_some()), 1, 0), "{line}");
        if wanted.is_some() {
            assert!(
                report.counts.get(code.name()).is_some_and(|&count| count > 0),
                "{}: {:?}",
                code.name(),
                report.counts
            );
            let left = folder.found("b.jsonl", RowKind::Sft).iter().filter(|(found, _)| *found == code).count();
            assert!(left == usize::from(code == FindingCode::Mojibake), "{} is gone", code.name());
        }
    }
}

/// All cases and what is wrong with files, many times over, so that several parts and cores take part.
fn nasty() -> Vec<u8> {
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    let (gb, _, _) = encoding_rs::GB18030.encode("{\"messages\":[{\"role\":\"user\",\"content\":\"早餐几点开始供应\"},{\"role\":\"assistant\",\"content\":\"七点开始\"}]}");
    for round in 0..40 {
        for (at, (_, line, _)) in cases().iter().enumerate() {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(if (at + round) % 3 == 0 { b"\r\n" } else { b"\n" });
        }
        bytes.extend_from_slice(b"\n \t\r\n\xFF\xFE\n");
        bytes.extend_from_slice(&gb);
        bytes.push(b'\n');
    }
    bytes.extend_from_slice("\u{feff}{\"messages\":7}".as_bytes());
    bytes
}

#[test]
fn nothing_certain_is_left_and_a_second_repair_changes_nothing() {
    for kind in RowKind::ALL {
        let folder = Folder::with(&nasty());
        let before = folder.found("a.jsonl", kind);
        let report = folder.fix("a.jsonl", "b.jsonl", &all(kind));
        let after = folder.found("b.jsonl", kind);
        for fix in FIXES {
            let count = |found: &[(FindingCode, u64)]| found.iter().filter(|(code, _)| *code == fix.code).count();
            let (was, is) = (count(&before), count(&after));
            assert!(!fix.certain || is == 0, "{kind:?}: {is} findings of {} are left", fix.code.name());
            let known = report.counts.get(fix.code.name()).copied().unwrap_or_default() > 0;
            assert!(
                is <= was || fix.reveals || known || kind == RowKind::Sft,
                "{kind:?}: {} was {was}, is {is}",
                fix.code.name()
            );
        }
        assert_eq!(report.bytes, folder.read("b.jsonl").len() as u64);
        assert!(report.changed > 0, "there was something to do");
        let again = folder.fix("b.jsonl", "c.jsonl", &all(kind));
        assert_eq!((again.changed, again.counts.len()), (0, 0), "{kind:?}: {:?}", again.counts);
        assert!(folder.read("b.jsonl") == folder.read("c.jsonl"), "the second file is the first");
        assert_eq!(folder.read("a.jsonl"), nasty(), "the given file was never touched");
    }
}

#[test]
fn what_is_not_asked_for_stays_byte_for_byte() {
    let folder = Folder::with(&nasty());
    let none = folder.fix("a.jsonl", "b.jsonl", &FixPlan::default());
    assert!(folder.read("b.jsonl") == nasty(), "no code, no change");
    assert_eq!((none.changed, none.removed), (0, 0));
    let codes = vec![FindingCode::ZeroWidth];
    folder.fix("a.jsonl", "c.jsonl", &FixPlan { codes: codes.clone(), ..FixPlan::default() });
    let (old, new) = (nasty(), folder.read("c.jsonl"));
    let pairs = old.split(|b| *b == b'\n').zip(new.split(|b| *b == b'\n'));
    let different = pairs.filter(|(old, new)| old != new);
    assert_eq!(different.clone().count(), 40);
    assert!(different.into_iter().all(|(old, _)| String::from_utf8_lossy(old).contains('\u{200b}')));
    let line = 1 + cases().iter().position(|(code, ..)| *code == FindingCode::ZeroWidth).expect("a case") as u64;
    let one = FixPlan { codes, lines: BTreeSet::from([line, line + 1]), ..FixPlan::default() };
    assert_eq!(folder.fix("a.jsonl", "d.jsonl", &one).changed, 1, "only the line that was named");
}

#[test]
fn bad_rows_are_left_out_and_named_and_good_ones_stay() {
    let mut bytes = b"x\n".to_vec();
    let good = talk(&format!("{},{}", u("q"), a("r")));
    bytes.extend_from_slice(format!("{good}\n").as_bytes());
    bytes.extend(vec![b'y'; crate::limits::LINE_BYTES + (5 << 20)]);
    bytes.extend_from_slice(format!("\n\n{good}\n\u{feff}").as_bytes());
    bytes.extend_from_slice(b"\xFF\n[]");
    let folder = Folder::with(&bytes);
    let plan = FixPlan { drop_bad: true, ..FixPlan::default() };
    let report = folder.fix("a.jsonl", "b.jsonl", &plan);
    assert_eq!(folder.read("b.jsonl"), format!("{good}\n\n{good}\n").into_bytes());
    assert_eq!((report.removed_lines, report.rows, report.removed), (vec![1, 3, 6, 7], 2, 4));
    let some = FixPlan { lines: BTreeSet::from([3]), ..plan };
    assert_eq!(folder.fix("a.jsonl", "c.jsonl", &some).removed_lines, [3]);
}

#[test]
fn wide_text_becomes_utf8_and_damaged_wide_text_is_refused() {
    let line = talk(&format!("{},{}", u("几点退房？😀"), a("中午十二点")));
    for big in [false, true] {
        let units = format!("\u{feff}{line}\n{line}").encode_utf16().collect::<Vec<_>>();
        let bytes: Vec<u8> =
            units.iter().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect();
        let folder = Folder::with(&bytes);
        let plan = FixPlan { codes: vec![FindingCode::FileUtf16], ..FixPlan::default() };
        let report = folder.fix("a.jsonl", "b.jsonl", &plan);
        assert_eq!(folder.read("b.jsonl"), format!("{line}\n{line}").into_bytes());
        assert_eq!(report.counts, BTreeMap::from([("file_utf16", 1)]));
        let shown = fix_preview(&folder.path("a.jsonl"), &plan, 5, 150, &Cancel::default()).expect("shown");
        assert!(!shown.whole && shown.changes.is_empty());
        let mut torn = bytes.clone();
        torn.truncate(40);
        torn.extend_from_slice(if big { b"\xD8\x00\0a" } else { b"\x00\xD8a\0" });
        pc_base::write_atomic(&folder.path("t.jsonl"), &torn).expect("written");
        let paths = (folder.path("t.jsonl"), folder.path("u.jsonl"));
        let error = fix_file((&paths.0, &paths.1), &plan, &Silent, &Cancel::default()).expect_err("half a character");
        assert!(error.to_string().contains("line 1"), "{error}");
        assert!(!paths.1.exists(), "nothing is left behind");
    }
}

#[test]
fn a_preview_shows_what_the_repair_then_does() {
    let folder = Folder::with(&nasty());
    let plan = FixPlan { drop_bad: true, ..all(RowKind::Sft) };
    let report = folder.fix("a.jsonl", "b.jsonl", &plan);
    let shown = fix_preview(&folder.path("a.jsonl"), &plan, usize::MAX, u64::MAX, &Cancel::default()).expect("shown");
    assert!(shown.whole);
    assert_eq!((shown.changed, shown.removed), (report.changed, report.removed));
    let gone: Vec<u64> =
        shown.changes.iter().filter(|c| c.after.is_none() && c.why.is_empty()).map(|c| c.line).collect();
    assert_eq!(gone, report.removed_lines);
    let first = &shown.changes[0];
    assert_eq!((first.line, first.after.as_deref()), (1, cases()[0].2.as_deref()));
    assert!(first.why.contains(&FindingCode::FileBom) && first.why.contains(&FindingCode::LineNotJson), "{first:?}");
    let some = fix_preview(&folder.path("a.jsonl"), &plan, 3, 2_000, &Cancel::default()).expect("shown");
    assert_eq!((some.changes.len(), some.whole), (3, false));
    assert_eq!(some.changes, shown.changes[..3]);
}

#[test]
fn the_file_itself_and_codes_without_a_fix_are_refused() {
    let folder = Folder::with(b"x\n");
    let path = folder.path("a.jsonl");
    fix_file((&path, &path), &FixPlan::default(), &Silent, &Cancel::default()).expect_err("it would be written over");
    let plan = FixPlan { codes: vec![FindingCode::RowIsDpo], ..FixPlan::default() };
    fix_file((&path, &folder.path("b.jsonl")), &plan, &Silent, &Cancel::default()).expect_err("there is no fix");
    assert_eq!(folder.read("a.jsonl"), b"x\n");
}
