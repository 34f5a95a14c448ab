//! The few words that the window says itself, outside its content.

use pc_base::Language;

/// One language's words.
pub struct Words {
    pub title: &'static str,
    pub show: &'static str,
    pub quit: &'static str,
    pub edit: &'static str,
    /// The question when closing would lose something, its explanation, and the two answers.
    pub close_title: &'static str,
    pub close_text: &'static str,
    pub close_anyway: &'static str,
    pub keep_open: &'static str,
    /// What a job's end is called; the job's name is the notification's text.
    pub succeeded: &'static str,
    pub failed: &'static str,
    pub canceled: &'static str,
}

const ENGLISH: Words = Words {
    title: "Partner Console",
    show: "Show Partner Console",
    quit: "Quit",
    edit: "Edit",
    close_title: "Work is still running",
    close_text: "Closing stops what is running now: {tasks}. A fine-tune goes on without the window.",
    close_anyway: "Stop and close",
    keep_open: "Keep open",
    succeeded: "Fine-tune finished",
    failed: "Fine-tune failed",
    canceled: "Fine-tune cancelled",
};

const CHINESE: Words = Words {
    title: "伙伴控制台",
    show: "显示伙伴控制台",
    quit: "退出",
    edit: "编辑",
    close_title: "还有工作在进行",
    close_text: "关闭会中断正在进行的工作：{tasks}。训练任务不受影响，关闭窗口后继续进行。",
    close_anyway: "中断并关闭",
    keep_open: "保持打开",
    succeeded: "训练任务已完成",
    failed: "训练任务失败",
    canceled: "训练任务已取消",
};

/// The words of a language.
pub const fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    }
}
