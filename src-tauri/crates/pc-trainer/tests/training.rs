//! The training loop on a tiny model: it learns, resumes to the same matrices, and refuses what it cannot train.
//! Deliberately absent: numbers of the reference implementation, which `reference` holds.

use std::path::{Path, PathBuf};

use pc_base::{Cancel, Code, Coded};
use pc_model::Adapter;
use pc_trainer::{Hyper, SaveStrategy, TrainEvent, TrainJob, TrainSummary, TrainingType, train};
use tempfile::TempDir;

fn fixture(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/tiny-models").join(family)
}

const LINES: [&str; 5] = [
    r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}]}"#,
    r#"{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Pool?"},{"role":"assistant","content":"Open at 9."}]}"#,
    r#"{"messages":[{"role":"user","content":"早餐？"},{"role":"assistant","content":"七点。"}]}"#,
    r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":"B"},{"role":"user","content":"C"},{"role":"assistant","content":"D"}]}"#,
    r#"{"messages":[{"role":"user","content":"Bus?"},{"role":"assistant","content":"Every hour."}]}"#,
];

/// A job over the lines in folders of its own.
fn job(root: &TempDir, family: &str, hyper: Hyper, lines: &[&str]) -> TrainJob {
    let data = root.path().join("train.jsonl");
    pc_base::write_atomic(&data, lines.join("\n").as_bytes()).unwrap();
    TrainJob {
        kind: TrainingType::EfficientSft,
        merge: false,
        model_dir: fixture(family),
        adapter_in: None,
        data: vec![data],
        validation: Vec::new(),
        hyper,
        work_dir: root.path().join("work"),
        out_dir: root.path().join("out"),
    }
}

fn hyper() -> Hyper {
    Hyper {
        n_epochs: 6,
        batch_size: 2,
        max_length: 256,
        learning_rate: 2e-2,
        lora_rank: 4,
        lora_alpha: 8,
        lora_dropout: 0.1,
        ..Hyper::default()
    }
}

fn run(job: &TrainJob) -> (anyhow::Result<TrainSummary>, Vec<TrainEvent>) {
    let mut events = Vec::new();
    let summary = train(job, &mut |event| events.push(event), &Cancel::default());
    (summary, events)
}

/// Runs until this many steps are done, then cancels.
fn run_until(job: &TrainJob, steps: u64) -> Code {
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

fn resume_points(job: &TrainJob) -> usize {
    let entries = std::fs::read_dir(&job.work_dir).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("resume-")).count()
}

fn largest_difference(a: &Adapter, b: &Adapter) -> f32 {
    let values = |adapter: &Adapter| {
        adapter.modules.values().flat_map(|pair| [pair.a.clone(), pair.b.clone()].concat()).collect::<Vec<_>>()
    };
    values(a).iter().zip(&values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn an_interrupted_run_ends_with_the_matrices_of_an_uninterrupted_one() {
    let (straight, broken) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let first = job(&straight, "gemma3", hyper(), &LINES);
    let whole = run(&first).0.unwrap();
    let second = job(&broken, "gemma3", hyper(), &LINES);
    assert_eq!(run_until(&second, 4), Code::Cancelled);
    assert_eq!(run_until(&second, 11), Code::Cancelled);
    assert!(resume_points(&second) <= 2, "only the last two resume points are kept");
    let (resumed, events) = run(&second);
    assert!(matches!(events[0], TrainEvent::Started { resumed_from_step: 11, .. }), "{:?}", events[0]);
    assert_eq!(resumed.unwrap().tokens, whole.tokens, "tokens count from the very first start");
    let off = largest_difference(&Adapter::load(&first.out_dir).unwrap(), &Adapter::load(&second.out_dir).unwrap());
    assert!(off < 1e-6, "dropout, order and moments continue exactly: off by {off}");
    assert_eq!(resume_points(&second), 0, "a finished job needs none");
}

#[test]
fn a_damaged_newest_resume_point_falls_back_to_the_one_before() {
    let root = TempDir::new().unwrap();
    let job = job(&root, "qwen2", hyper(), &LINES);
    assert_eq!(run_until(&job, 5), Code::Cancelled);
    pc_base::write_atomic(&job.work_dir.join("resume-00000005/moments.bin"), b"half").unwrap();
    let (summary, events) = run(&job);
    assert!(
        matches!(events[0], TrainEvent::Started { resumed_from_step: 3, .. }),
        "the end of the first epoch: {:?}",
        events[0]
    );
    assert_eq!(summary.unwrap().steps, 18, "six epochs of three steps");
}

#[test]
fn the_loss_falls_and_every_step_is_told() {
    for family in ["qwen2", "qwen3", "llama", "gemma3"] {
        let root = TempDir::new().unwrap();
        let job = job(&root, family, Hyper { n_epochs: 10, eval_steps: 15, split: 0.8, ..hyper() }, &LINES);
        let (summary, events) = run(&job);
        summary.unwrap();
        let losses: Vec<f64> = events
            .iter()
            .filter_map(|e| if let TrainEvent::Step { loss, .. } = e { Some(*loss) } else { None })
            .collect();
        assert_eq!(losses.len(), 20, "four rows remain, two a step, ten epochs");
        assert!(losses[19] < losses[0] * 0.7, "{family}: from {} to {}", losses[0], losses[19]);
        let evaluations = events.iter().filter(|event| matches!(event, TrainEvent::Eval { .. })).count();
        assert_eq!(evaluations, 2, "at step 15 and at the end");
        assert!(matches!(events.last(), Some(TrainEvent::Finished { steps: 20, .. })));
    }
}

#[test]
fn stored_adapters_follow_the_strategy_and_their_limit() {
    let root = TempDir::new().unwrap();
    let settings = Hyper { save_strategy: SaveStrategy::Steps, save_steps: 4, save_total_limit: 2, ..hyper() };
    let job = job(&root, "llama", settings, &LINES);
    let (_, events) = run(&job);
    let stored: Vec<u64> = events
        .iter()
        .filter_map(|e| if let TrainEvent::Checkpoint { step, .. } = e { Some(*step) } else { None })
        .collect();
    assert_eq!(stored, [4, 8, 12, 16]);
    assert!(!job.work_dir.join("checkpoint-8").exists(), "two are kept");
    assert!(Adapter::load(&job.work_dir.join("checkpoint-16")).is_ok(), "each is a PEFT folder");
}

#[test]
fn training_goes_on_from_an_adapter_of_the_same_shape_only() {
    let root = TempDir::new().unwrap();
    let first = job(&root, "qwen3", Hyper { lora_dropout: 0.0, ..hyper() }, &LINES);
    let further = TrainJob { adapter_in: Some(fixture("qwen3").join("adapter")), ..first };
    assert!(run(&further).0.is_ok());
    let mut other = further;
    other.hyper.lora_rank = 8;
    assert_eq!(code(run(&other).0), Code::InputInvalid, "the first round's rank must be repeated");
}

#[test]
fn what_cannot_be_trained_is_refused_by_code() {
    let cases: [(&[&str], Hyper, Code); 5] = [
        (&[], hyper(), Code::DatasetEmpty),
        (&LINES, Hyper { max_length: 8, ..hyper() }, Code::TrainingRowsTooLong),
        (&LINES, Hyper { n_epochs: 0, ..hyper() }, Code::InputInvalid),
        (&LINES, Hyper { learning_rate: f64::NAN, ..hyper() }, Code::InputInvalid),
        (&LINES, Hyper { lora_dropout: 1.0, ..hyper() }, Code::InputInvalid),
    ];
    for (lines, hyper, expected) in cases {
        let root = TempDir::new().unwrap();
        assert_eq!(code(run(&job(&root, "qwen2", hyper, lines)).0), expected);
    }
}

#[test]
fn an_infinite_loss_ends_the_run_with_a_sentence() {
    let root = TempDir::new().unwrap();
    let mut job = job(&root, "qwen2", Hyper { lora_dropout: 0.0, ..hyper() }, &LINES);
    let mut adapter = Adapter::load(&fixture("qwen2").join("adapter")).unwrap();
    adapter.modules.values_mut().for_each(|pair| pair.a.fill(f32::NAN));
    adapter.save(&root.path().join("broken")).unwrap();
    job.adapter_in = Some(root.path().join("broken"));
    assert_eq!(code(run(&job).0), Code::TrainingDiverged);
}
