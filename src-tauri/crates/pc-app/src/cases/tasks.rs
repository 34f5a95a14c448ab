//! The task centre.

use anyhow::Result;
use pc_base::{Code, Language, coded};

use crate::api::{Empty, TaskId, TaskRow};
use crate::app::App;

impl App {
    /// `task_list`
    pub async fn task_list(&self, _: Empty, _: Language) -> Result<Vec<TaskRow>> {
        Ok(self.tasks().list())
    }

    /// `task_cancel`: the task leaves the list once its work has stopped.
    pub async fn task_cancel(&self, task: TaskId, _: Language) -> Result<Empty> {
        if self.tasks().cancel(&task.id) {
            return Ok(Empty {});
        }
        Err(coded(Code::NotFound).with("what", format!("task {}", task.id)).into())
    }
}
