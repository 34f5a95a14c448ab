//! The loop of every training type on a tiny model: what it reads, what it leaves, that it goes on after an interruption
//! with the same weights, and that results are models. Deliberately absent: the arithmetic, which `recorded` holds.

use std::path::{Path, PathBuf};

use pc_base::{Cancel, Code, Coded};
use pc_model::{Adapter, ModelFolder};
use pc_trainer::{Hyper, SaveStrategy, Scheduler, TrainEvent, TrainJob, TrainSummary, TrainingType, train};
use tempfile::TempDir;

const CHATS: &str = r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}]}
{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Pool?"},{"role":"assistant","content":"Open at 9.","loss_weight":"0.5"}]}
{"messages":[{"role":"user","content":"早餐？"},{"role":"assistant","content":"七点。"}]}"#;
const TEXTS: &str = r#"{"text":"Breakfast is served from seven to ten."}
{"text":"游泳池每天九点开放。"}
{"text":"The bus leaves every hour, from six in the morning to midnight, and it stops at the old harbour."}"#;
const PAIRS: &str = r#"{"messages":[{"role":"user","content":"Pool?"}],"chosen":{"role":"assistant","content":"Yes, at 9."},"rejected":{"role":"assistant","content":"No idea."}}
{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":"B"},{"role":"user","content":"早餐？"}],"chosen":{"role":"assistant","content":"七点。","loss_weight":0.5},"rejected":{"role":"assistant","content":"不知道。"}}
{"messages":[{"role":"user","content":"Bus?"}],"chosen":{"role":"assistant","content":"Hourly."},"rejected":{"role":"assistant","content":"Walk."}}"#;

const KINDS: [TrainingType; 5] =
    [TrainingType::Sft, TrainingType::EfficientSft, TrainingType::Cpt, TrainingType::DpoFull, TrainingType::DpoLora];

fn fixture(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/tiny-models").join(family)
}

fn lines(kind: TrainingType) -> &'static str {
    match kind {
        TrainingType::Cpt => TEXTS,
        TrainingType::DpoFull | TrainingType::DpoLora => PAIRS,
        TrainingType::Sft | TrainingType::EfficientSft => CHATS,
    }
}

fn job(root: &Path, kind: TrainingType, family: &str) -> TrainJob {
    std::fs::create_dir_all(root).unwrap();
    let data = root.join("train.jsonl");
    pc_base::write_atomic(&data, lines(kind).as_bytes()).unwrap();
    let rate = if kind.is_low_rank() { 2e-2 } else { 2e-3 };
    let hyper = Hyper {
        n_epochs: 6,
        batch_size: 2,
        max_length: 256,
        learning_rate: rate,
        lora_rank: 4,
        lora_alpha: 8,
        lora_dropout: 0.1,
        eval_steps: 4,
        save_strategy: SaveStrategy::Steps,
        save_steps: 6,
        ..Hyper::default()
    };
    TrainJob {
        kind,
        model_dir: fixture(family),
        adapter_in: None,
        data: vec![data.clone()],
        validation: vec![data],
        hyper,
        work_dir: root.join("work"),
        out_dir: root.join("out"),
        merge: false,
    }
}

fn run(job: &TrainJob) -> (anyhow::Result<TrainSummary>, Vec<TrainEvent>) {
    let mut events = Vec::new();
    let summary = train(job, &mut |event| events.push(event), &Cancel::default());
    (summary, events)
}

fn interrupted_at(job: &TrainJob, steps: u64) -> Code {
    let cancel = Cancel::default();
    let mut stop = |event| {
        if matches!(event, TrainEvent::Step { step, .. } if step == steps) {
            cancel.cancel();
        }
    };
    code(train(job, &mut stop, &cancel))
}

fn code(result: anyhow::Result<TrainSummary>) -> Code {
    result.unwrap_err().downcast_ref::<Coded>().expect("a refusal has a code").code
}

/// All numbers of a result, whatever its form.
fn values(kind: TrainingType, folder: &Path) -> Vec<f32> {
    if kind.is_low_rank() {
        let adapter = Adapter::load(folder).unwrap();
        return adapter.modules.into_values().flat_map(|pair| [pair.a, pair.b].concat()).collect();
    }
    let weights = ModelFolder::open(folder).unwrap().weights().unwrap();
    weights.names().iter().flat_map(|name| weights.f32(name).unwrap()).collect()
}

#[test]
fn every_type_learns_and_goes_on_after_an_interruption_with_the_same_weights() {
    for kind in KINDS {
        let root = TempDir::new().unwrap();
        let (straight, broken) =
            (job(&root.path().join("a"), kind, "gemma3"), job(&root.path().join("b"), kind, "gemma3"));
        let (whole, events) = run(&straight);
        let whole = whole.unwrap();
        let losses: Vec<f64> = events
            .iter()
            .filter_map(|e| if let TrainEvent::Eval { loss, .. } = e { Some(*loss) } else { None })
            .collect();
        assert!(
            losses.len() == 3 && losses[2] < losses[0],
            "{kind:?}: at steps 4, 8 and 12 it gets better: {losses:?}"
        );
        assert_eq!(interrupted_at(&broken, 3), Code::Cancelled);
        assert_eq!(interrupted_at(&broken, 7), Code::Cancelled);
        let (resumed, events) = run(&broken);
        assert!(matches!(events[0], TrainEvent::Started { resumed_from_step: 7, .. }), "{kind:?}: {:?}", events[0]);
        assert_eq!(resumed.unwrap().tokens, whole.tokens, "{kind:?}: tokens count from the very first start");
        let (one, other) = (values(kind, &straight.out_dir), values(kind, &broken.out_dir));
        let off = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(one.len() == other.len() && off < 1e-6, "{kind:?}: weights, moments and order continue: off by {off}");
    }
}

#[test]
fn pairs_are_measured_against_the_model_as_it_was_even_after_a_restart() {
    let root = TempDir::new().unwrap();
    let job = job(root.path(), TrainingType::DpoFull, "qwen3");
    let rewards = |events: &[TrainEvent]| {
        let told = events.iter().filter_map(|e| if let TrainEvent::Step { rewards, .. } = e { *rewards } else { None });
        told.collect::<Vec<_>>()
    };
    assert_eq!(interrupted_at(&job, 8), Code::Cancelled);
    let (_, events) = run(&job);
    let first = rewards(&events)[0];
    assert!(first.margin > 0.01, "what was gained before the restart is still a gain: {first:?}");
    assert!((first.margin - (first.chosen - first.rejected)).abs() < 1e-9);
}

#[test]
fn a_full_result_is_a_model_that_can_be_trained_on_in_every_way() {
    let root = TempDir::new().unwrap();
    let first = job(&root.path().join("first"), TrainingType::Sft, "qwen2");
    run(&first).0.unwrap();
    let names = |folder: &Path| ModelFolder::open(folder).unwrap().weights().unwrap().names();
    assert_eq!(names(&first.out_dir), names(&fixture("qwen2")), "the same tensors as the base");
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
        assert!(first.out_dir.join(file).is_file(), "{file} stands beside the weights");
    }
    let config = |folder: &Path| ModelFolder::open(folder).unwrap().config;
    assert_eq!(config(&first.out_dir), config(&fixture("qwen2")), "and the same shape");
    for kind in KINDS {
        let next = TrainJob {
            model_dir: first.out_dir.clone(),
            merge: kind.is_low_rank(),
            ..job(&root.path().join(format!("{kind:?}")), kind, "qwen2")
        };
        run(&next).0.unwrap();
        assert_eq!(names(&next.out_dir), names(&first.out_dir), "{kind:?}: an adapter is merged into it");
    }
}

#[test]
fn an_adapter_is_merged_before_every_weight_is_learnt() {
    let root = TempDir::new().unwrap();
    let mut job = job(root.path(), TrainingType::Sft, "qwen3");
    job.adapter_in = Some(fixture("qwen3").join("adapter"));
    // So small a rate changes nothing that counts.
    job.hyper = Hyper { learning_rate: 1e-9, n_epochs: 1, ..job.hyper };
    run(&job).0.unwrap();
    let base = ModelFolder::open(&fixture("qwen3")).unwrap().weights().unwrap();
    let right = base.with_adapter(Adapter::load(&fixture("qwen3").join("adapter")).unwrap()).unwrap();
    let found = ModelFolder::open(&job.out_dir).unwrap().weights().unwrap();
    for name in right.names() {
        let (right, found) = (right.f32(&name).unwrap(), found.f32(&name).unwrap());
        let off = right.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-5, "{name}: off by {off}");
    }
}

#[test]
fn limits_do_to_each_kind_of_row_what_is_written() {
    let limited = |kind, max_length| {
        let root = TempDir::new().unwrap();
        let mut job = job(root.path(), kind, "llama");
        job.hyper = Hyper { max_length, n_epochs: 1, ..job.hyper };
        let (result, events) = run(&job);
        let started = events.into_iter().find_map(|event| match event {
            TrainEvent::Started { rows, dropped, tokens_per_epoch, .. } => Some((rows, dropped, tokens_per_epoch)),
            _ => None,
        });
        result.map(|_| started.expect("it started"))
    };
    let (rows, dropped, whole) = limited(TrainingType::Cpt, 256).unwrap();
    assert_eq!((rows, dropped), (3, 0));
    let (rows, dropped, pieces) = limited(TrainingType::Cpt, 16).unwrap();
    assert!(rows > 3 && dropped == 0, "long texts go in pieces: {rows}");
    assert!(whole - pieces <= 3, "at most a lone last token of each text is lost: {whole} and {pieces}");
    let (rows, dropped, _) = limited(TrainingType::Sft, 40).unwrap();
    assert_eq!((rows, dropped), (2, 1), "long conversations are left out");
    let (rows, dropped, cut) = limited(TrainingType::DpoLora, 34).unwrap();
    assert!(rows + dropped == 3 && cut <= rows * 2 * 34, "long answers are cut");
    let nothing = limited(TrainingType::DpoLora, 8).unwrap_err();
    assert_eq!(nothing.downcast_ref::<Coded>().unwrap().code, Code::TrainingRowsTooLong);
}

#[test]
fn the_settings_of_reports_and_stores_are_kept() {
    let root = TempDir::new().unwrap();
    let mut job = job(root.path(), TrainingType::Sft, "qwen2");
    job.hyper = Hyper { logging_steps: 5, save_steps: 3, save_total_limit: 2, ..job.hyper };
    let (_, events) = run(&job);
    let reported: Vec<u64> =
        events.iter().filter_map(|e| if let TrainEvent::Step { step, .. } = e { Some(*step) } else { None }).collect();
    assert_eq!(reported, [5, 10, 12], "every fifth, and the last");
    let quiet = events.iter().filter(|event| matches!(event, TrainEvent::Progress { .. })).count();
    assert_eq!(quiet, 9, "the others say only how far it is");
    let stored = [3, 6, 9, 12].map(|step| job.work_dir.join(format!("checkpoint-{step}/model.safetensors")).is_file());
    assert_eq!(stored, [false, true, true, false], "the last two; after the last step there is the result");
}

#[test]
fn a_rate_that_follows_evaluations_falls_with_them_and_needs_some() {
    let root = TempDir::new().unwrap();
    let mut job = job(root.path(), TrainingType::EfficientSft, "qwen2");
    // A rate with which nothing gets better: twelve evaluations later it falls, and then it is too small to fall again.
    job.hyper = Hyper {
        lr_scheduler_type: Scheduler::ReduceLrOnPlateau,
        learning_rate: 1e-7,
        n_epochs: 15,
        eval_steps: 1,
        save_steps: 0,
        ..job.hyper
    };
    let (result, events) = run(&job);
    result.unwrap();
    let rates: Vec<f64> = events
        .iter()
        .filter_map(|e| if let TrainEvent::Step { learning_rate, .. } = e { Some(*learning_rate) } else { None })
        .collect();
    assert!(rates[11] == 1e-7 && (rates[12] - 1e-8).abs() < 1e-12 && rates[29] == rates[12], "{rates:?}");
    job.hyper.eval_steps = 0;
    assert_eq!(code(run(&job).0), Code::InputInvalid);
}

#[test]
fn rows_of_another_kind_are_named_with_their_line() {
    let root = TempDir::new().unwrap();
    for kind in KINDS {
        let job = job(&root.path().join(format!("{kind:?}")), kind, "qwen2");
        let other = if kind == TrainingType::Cpt { CHATS } else { TEXTS };
        pc_base::write_atomic(&job.data[0], other.as_bytes()).unwrap();
        let error = run(&job).0.unwrap_err();
        assert_eq!(error.downcast_ref::<Coded>().unwrap().code, Code::InputInvalid, "{kind:?}");
        assert!(format!("{error:#}").contains("line 1"), "{kind:?}: {error:#}");
    }
}
