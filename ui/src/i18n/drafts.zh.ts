/** @file Chinese words of the drafts; the same keys as `drafts.en.ts`. */
import type { drafts as english } from './drafts.en';

export const drafts: typeof english = {
  title: '草稿', lead: '由本机或云端的模型根据您的文档起草数据行，您逐条接受、修改或拒绝。', back: '全部数据集',
  fresh: '起草新的数据行', from: '起草依据', documents: '文档', rows: '数据集中的行', file: '选择文档', folder: '选择文件夹', fileKind: '文档', documentsHint: '支持 Markdown、文本、HTML、PDF 和 Word，可以是单个文件、文件夹或 zip。逐段提问。', rowsHint: '文本会变成问答；已有答案的问题会换一种说法。',
  dataset: '数据集', noDataset: '还没有对话或文本类的本地数据集', model: '由谁起草', noModel: '还没有可以回答的模型。请先取回或部署一个模型。', each: '每段起草条数', limit: '最多', limitHint: '段或行', instruction: '对模型的补充要求', instructionHint: '例如语气，或提问者是谁', start: '开始起草', need: '请选择起草依据和模型。',
  running: '正在根据 {{name}} 起草', stays: '每条草稿写出后立即保存，取消不会丢失。', made_one: '有 {{count}} 条草稿等待判断。', made_other: '有 {{count}} 条草稿等待判断。', madeNone: '模型写的内容都不能使用。', failed_one: '有 {{count}} 处不能使用', failed_other: '有 {{count}} 处不能使用',
  judge: '判断草稿', batch: '草稿组', batchName: '{{model}} · {{at}} · {{count}} 条', empty: '还没有草稿', emptyText: '在上方选择文档，模型会根据每一段写出问答，您在这里逐条判断。',
  waiting: '待判断', accepted: '已接受', rejected: '已拒绝', place: '第 {{at}} 条，共 {{total}} 条', question: '问题', answer: '答案', ground: '起草依据', edited: '您修改过', support: '措辞有 {{share}} 出自原文', noSupport: '无法判断有多少出自原文', unsure: '这个答案很少出自原文，请仔细核对。',
  accept: '接受', reject: '拒绝', edit: '修改', save: '保存并接受', previous: '上一条草稿', next: '下一条草稿', keys: '按键：A 接受，E 修改，R 拒绝，方向键翻页', done: '这一组草稿已全部判断。',
  keep: '保存为数据集', keepText_one: '已接受的 {{count}} 条草稿会成为数据行，判断过的草稿随后离开此列表。', keepText_other: '已接受的 {{count}} 条草稿会成为数据行，判断过的草稿随后离开此列表。', keepNone: '请至少接受一条草稿再保存。', name: '数据集名称', into: '保存到', intoNew: '新的数据集', intoOld: '接在 {{name}} 的数据行之后', kept_one: '“{{name}}”现有 {{count}} 行。', kept_other: '“{{name}}”现有 {{count}} 行。', show: '打开数据集',
  discard: '丢弃此组', discardTitle: '丢弃这一组草稿？', discardText_one: '{{count}} 条草稿会被销毁，无论是否判断过。', discardText_other: '{{count}} 条草稿会被销毁，无论是否判断过。',
};
