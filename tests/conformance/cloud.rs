//! An embedded cloud on a loopback port, with a small engine, prices that do not come out even, and a clock that stands.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pc_base::{Cancel, Clock, Code, Coded, FixedClock};
use pc_cloud::{Billing, Cloud, CloudError, Endpoint, Network};
use pc_protocol::{CreateFineTune, FineTune};
use pc_secrets::MasterKey;
use pc_server::{
    BaseModel, Credentials, DeploySpec, Engine, Finish, GenerateSpec, Generated, Options, PriceBook, Profile, Said,
    State, TrainDone, TrainEvent, TrainSpec,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Prices whose products have more digits than a bill shows.
const PRICES: &str = r#"{"date": "2026-11-24", "source": "test", "currency": "CNY", "tokens_a_unit": 1000,
    "default": {"training_token": "0.0030007", "input_token": "0.000333", "output_token": "0.00070009",
    "model_unit_hour": "0.123457"}, "models": {}}"#;

/// What the engine answers, in pieces.
pub const PIECES: [&str; 3] = ["早餐 ", "is at ", "seven."];
pub const INPUT_TOKENS: u64 = 17;
pub const OUTPUT_TOKENS: u64 = 3;
pub const TRAINED_TOKENS: u64 = 1001;

/// Trains in two steps, answers one sentence.
struct SmallEngine;

/// Large enough to be cut on the way.
pub fn weights() -> Vec<u8> {
    (0..1_000_000_u32).flat_map(|n| n.to_le_bytes()).collect()
}

impl Engine for SmallEngine {
    fn bases(&self) -> Vec<BaseModel> {
        vec![BaseModel { id: "tiny".into(), name: "Tiny".into(), max_length: 512 }]
    }

    fn train(&self, spec: &TrainSpec, events: &mut dyn FnMut(TrainEvent), _: &Cancel) -> anyhow::Result<TrainDone> {
        let (rows, total_steps) = (spec.data.len() as u64, 2);
        events(TrainEvent::Started { rows, dropped: 0, tokens_per_epoch: 1001, total_steps, resumed_from_step: 0 });
        for step in 1..=total_steps {
            let (epoch, loss, tokens) = (step as f64 / 2.0, 2.0 / step as f64, step * 500);
            let (learning_rate, tokens_per_second) = (1e-4, 100.0);
            events(TrainEvent::Step {
                step,
                epoch,
                loss,
                learning_rate,
                tokens,
                tokens_per_second,
                eta_seconds: 0,
                rewards: None,
            });
        }
        pc_base::write_atomic(&spec.out_dir.join("adapter_model.safetensors"), &weights())?;
        pc_base::write_atomic(&spec.out_dir.join("adapter_config.json"), b"{}")?;
        Ok(TrainDone { tokens: TRAINED_TOKENS, steps: total_steps })
    }

    fn deploy(&self, _: &DeploySpec) -> anyhow::Result<()> {
        Ok(())
    }

    fn undeploy(&self, _: &str) -> anyhow::Result<()> {
        Ok(())
    }

    fn retain(&self, _: &[String]) -> anyhow::Result<()> {
        Ok(())
    }

    fn generate(
        &self,
        spec: &GenerateSpec,
        on_said: &mut dyn FnMut(Said<'_>) -> ControlFlow<()>,
        _: &Cancel,
    ) -> anyhow::Result<Generated> {
        if spec.sampling.max_tokens == Some(13) {
            return Err(pc_base::coded(Code::TemplateInvalid).with("why", "thirteen").into());
        }
        for piece in PIECES {
            if on_said(Said { text: piece, tokens: &[] }).is_break() {
                break;
            }
        }
        Ok(Generated { finish: Finish::Stop, input_tokens: INPUT_TOKENS, output_tokens: OUTPUT_TOKENS })
    }
}

/// A running cloud; it ends when dropped.
pub struct Serving {
    pub dir: tempfile::TempDir,
    pub clock: Arc<FixedClock>,
    pub prices: PriceBook,
    pub address: SocketAddr,
    keys: Credentials,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Serving {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
        let clock = Arc::new(FixedClock::new(start));
        let prices = PriceBook::read(PRICES).unwrap();
        let data_dir = dir.path().join("cloud");
        let options = Options { data_dir, profile: Profile::embedded(), prices: prices.clone() };
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let state = State::open(options, master, Arc::new(SmallEngine), clock.clone()).unwrap();
        let keys = state.credentials(None).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _told = stopped.await;
        };
        let served = tokio::spawn(pc_server::serve(listener, state, shutdown));
        Self { dir, clock, prices, address, keys, stop: Some(stop), served: Some(served) }
    }

    /// Ends it and waits.
    pub async fn end(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.served.take().unwrap().await.unwrap().unwrap();
    }

    pub fn endpoint(&self) -> Endpoint {
        let again = |secret: &pc_base::Secret<String>| Arc::new(pc_base::Secret::new(secret.expose().clone()));
        Endpoint {
            base_url: format!("http://{}", self.address),
            api_key: again(&self.keys.api_key),
            workspace: Some(self.keys.workspace.clone()),
            billing: Some(Billing {
                url: format!("http://{}", self.address),
                access_key_id: self.keys.access_key_id.clone(),
                access_key_secret: again(&self.keys.access_key_secret),
            }),
        }
    }

    pub fn cloud(&self) -> Cloud {
        self.cloud_of(self.endpoint())
    }

    pub fn cloud_of(&self, endpoint: Endpoint) -> Cloud {
        Cloud::with_clock(endpoint, &quick(), self.clock.clone() as Arc<dyn Clock>).unwrap()
    }

    /// A data set of two rows on disk.
    pub fn data_set(&self) -> std::path::PathBuf {
        let row = r#"{"messages":[{"role":"user","content":"When is breakfast?"},{"role":"assistant","content":"At seven."}]}"#;
        let path = self.dir.path().join("train.jsonl");
        pc_base::write_atomic(&path, format!("{row}\n{row}\n").as_bytes()).unwrap();
        path
    }
}

/// Repetitions without long waits.
pub fn quick() -> Network {
    Network { first_wait: Duration::from_millis(5), ..Network::default() }
}

pub fn tune_of(file: &str) -> CreateFineTune {
    let hyper = json!({"n_epochs": 1, "batch_size": 8, "max_length": 512, "learning_rate": "1.6e-5"});
    CreateFineTune {
        model: "tiny".into(),
        training_file_ids: vec![file.to_owned()],
        hyper_parameters: hyper.as_object().unwrap().clone(),
        training_type: Some("efficient_sft".into()),
        job_name: Some("front desk".into()),
        ..CreateFineTune::default()
    }
}

/// Uploads, tunes, waits for the end.
pub async fn tuned(serving: &Serving, cloud: &Cloud) -> FineTune {
    let silent = pc_base::Silent;
    let path = serving.data_set();
    let file = cloud.file_upload(&path, "train.jsonl", "", &silent, &Cancel::default()).await.unwrap();
    let job = cloud.fine_tune_create(&tune_of(&file.file_id)).await.unwrap();
    ended(cloud, &job.job_id).await
}

/// Waits for a job's end.
pub async fn ended(cloud: &Cloud, job_id: &str) -> FineTune {
    for _ in 0..1000 {
        let job = cloud.fine_tune(job_id).await.unwrap();
        if job.status.is_final() {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the job does not end");
}

/// The program's code and the typed error of a failure.
pub fn told(error: &anyhow::Error) -> (Code, CloudError) {
    let coded: &Coded = error.downcast_ref().unwrap_or_else(|| panic!("no code: {error:?}"));
    (coded.code, CloudError::of(error).unwrap_or_else(|| panic!("no typed error: {error:?}")).clone())
}

pub fn sha256_of(path: &Path) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(std::fs::read(path).unwrap()))
}
