/** @file Chinese words of the window; the same shape as English. Terms follow glossary.md. */
import { detail } from './detail.zh';
import type { en } from './en';
import { wizard } from './wizard.zh';
import { drafts } from './drafts.zh';

export const zh: typeof en = {
  detail, wizard,
  app: {
    name: '伙伴控制台', skip: '跳到内容', nav: '主导航', overlays: '打开的对话框和列表', cloud: '云', manageClouds: '管理云……', onThisComputer: '在本机运行',
    synced: '账单同步于{{age}}', justSynced: '账单刚刚同步', neverSynced: '账单尚未同步', crashed: '此页面出错了', crashedText: '其他页面仍可使用，已保存的内容不会丢失。', reload: '重新打开此页面',
    search: '搜索', palette: '搜索命令', paletteHint: '前往页面或执行操作……', paletteEmpty: '没有与“{{text}}”匹配的命令。',
    tasks: '任务', noTasks: '本机没有正在运行的任务。', noTasksText: '上传、下载和转换会显示在这里，离开页面后仍会继续。', runningTasks_one: '{{count}} 个任务运行中', runningTasks_other: '{{count}} 个任务运行中', cancelTask: '取消任务“{{name}}”',
  },
  nav: { overview: '概览', datasets: '数据集', finetunes: '训练任务', models: '我的模型', usage: '用量与账单', settings: '设置' },
  lead: {
    overview: '今天要处理什么、正在运行什么、花费多少。', datasets: '在本机准备训练数据：检查、修复、脱敏，然后上传。', finetunes: '用您的数据集训练基础模型。',
    models: '取回模型，离线对话，并部署使用。', usage: '云端的计费情况，以最近一次同步为准。', settings: '语言、云、存储与密钥。',
  },
  act: {
    retry: '重试', cancel: '取消', close: '关闭', delete: '删除', copy: '复制', copied: '已复制', copyOf: '复制{{what}}', keep: '保留', add: '添加', more: '更多操作', chart: '图表', table: '表格', dismiss: '知道了',
  },
  col: {
    name: '名称', rows: '行数', size: '大小', created: '创建时间', actions: '操作', status: '状态', progress: '进度', loss: '损失', eta: '剩余时间', kind: '类型', model: '模型',
    date: '日期', item: '计费项', quantity: '用量', price: '单价', cost: '费用', step: '步', epoch: '轮次', rate: '学习率', tokens: 'Token 数', tps: 'Token/秒', share: '占比', id: 'ID', plan: '计费方式', total: '合计',
  },
  progress: {
    of: '{{done}} / {{total}}', rate: '{{rate}}/秒', left: '剩余 {{time}}', working: '处理中……', rows: '{{n}} 行', tokens: '{{n}} Token', steps: '{{n}} 步',
    stage: { hash: '计算哈希', check: '检查中', judge: '评判中', evaluate: '评测中', upload: '上传中', download: '下载中', verify: '校验中', convert: '转换中', load: '加载中', import: '导入中', export: '导出中', prepare: '准备中', copy: '复制中', merge: '合并中', quantize: '量化中', join: '拼接中', wait: '等待上传时段', keep: '保存中', rows: '定位各行', near: '查找相似的行', compare: '查找相似的行', leaks: '查找泄漏', privacy: '查找个人信息', mask: '脱敏中', unmask: '还原中', fix: '修复中', dedup: '去除重复', split: '划分中', sample: '抽样中', diff: '比较版本', passages: '切分片段', draft: '起草中', query: '读取数据库', sort: '排序中' },
  },
  task: { dataset_check: '检查数据集', dataset_upload: '上传数据集', catalog_prepare: '准备基础模型', model_pull: '取回模型', model_convert: '转换模型', model_import: '导入模型', model_export: '导出模型', chat_send: '生成回答', tune_watch: '跟踪训练任务', database_look: '查看查询结果', database_import: '从数据库导入', source_import: '导入数据', version_check: '检查数据集', version_fix: '修复数据集', version_dedup: '去重', version_split: '划分数据集', version_mask: '数据集脱敏', version_upload: '上传数据集', proposal_draft: '起草数据行', proposal_keep: '保存草稿' },
  error: { code: '代码：{{code}}', details: '详情' },
  overview: {
    attention: '需要关注', fine: '没有需要关注的事项。', failed: '“{{name}}”失败', toPull: '“{{name}}”已完成，可以取回', toPullText: '模型权重目前只在云端。', open: '打开', see: '查看原因',
    running: '正在运行', idle: '没有正在运行的训练任务。', money: '本月费用', noBill: '暂无账单', noBillText: '请在“用量与账单”页同步，从云端读取。', usage: '用量与账单',
    next: '入门', nextText: '从一个文件到专属模型，只需四步。', step1: '添加数据集', step1Text: '选取文件、表格或文件夹，发送前逐行检查。', step2: '开始训练', step2Text: '一页完成，开始前即可看到价格和时间。',
    step3: '与模型对话', step3Text: '取回模型，离线与基础模型对比。', step4: '部署', step4Text: '获得接入点和密钥，供您的程序调用。', sample: '使用示例', done: '已完成', datasets: '数据集', models: '本机模型', deployments: '部署',
  },
  datasets: {
    byModel: '模型起草',
    fileKind: '训练数据（JSONL）', hash: 'SHA-256', add: '新建数据集', choose: '选择文件', sample: '使用示例',
    result: '{{name}}的检查结果', good: '共 {{rows}} 行，{{good}} 行合格', facts: '{{size}} · {{messages}} 条消息 · {{characters}} 个字符', again: '重新检查',
    findings: '问题', noFindings: '未发现错误，所有行都可用于训练。', all: '全部', errors: '错误', warnings: '警告', error: '错误', warning: '警告', shown: '共 {{total}} 个问题，列出前 {{shown}} 个。', wholeFile: '整个文件', lineNo: '第 {{line}} 行', columnNo: '第 {{column}} 个字符', filter: '按严重程度筛选问题', filterKind: '按类型筛选问题', everyKind: '全部类型', noneOfKind: '没有此类问题。', showRow: '查看该行', showLine: '查看第 {{line}} 行', kindsOfFindings: '问题类型', fixDoes: '修复：{{fix}}', noFix: { format: '无法自动修复，请自行改正或剔除这些行。', content: '无法自动修复，需要人工查看。', duplicates: '去重时会删除。', privacy: '在“隐私”中决定：掩码、删除或保留。', secrets: '在“隐私”中决定：掩码、删除或保留。' }, list: '列出', listOf: '列出问题“{{title}}”',
    area: { format: '格式', content: '内容', duplicates: '重复', privacy: '个人信息', secrets: '机密' },
    before: '之前', after: '之后', removed: '已删除', added: '新增', newRow: '新行', found: '发现的类型', finds_one: '发现 {{n}} 处', finds_other: '发现 {{n}} 处', sideBySide: '前后对照', wayFor: '对{{kind}}的处理方式',
    way: { mask: '掩码', remove: '删除', generalise: '泛化', pseudonym: '化名', keep: '保留' }, wayText: { mask: '保留形状，例如 138****1234', remove: '替换为方括号中的类型名', generalise: '只留城市、年份、网段或姓氏', pseudonym: '同一原文始终使用同一替身', keep: '保持原样并上传' },
    kind: '数据类型', kinds: { sft: '对话（SFT）', dpo: '偏好回答（DPO）', cpt: '纯文本（CPT）' }, preview: '前几行', upload: '检查并上传', uploadOf: '检查并上传 {{name}}', description: '说明（可选）', blockedEmpty: '没有可用的行。', uploaded: '“{{name}}”已上传。', launch: '开始训练',
    begun: '未完成的草稿', atStep: '第 {{at}} 步：{{step}} · 保存于{{age}}', continue: '继续', continueOf: '继续处理 {{name}}', discardDraftOf: '丢弃 {{name}} 的草稿', discardDraft: '丢弃“{{name}}”的草稿？', discardDraftText: '此草稿的列映射和设置将丢失，您的文件保持不变。', discardDraftKept: '此草稿的设置将丢失，本机数据集及其版本会保留。',
    local: '本机数据集', noLocal: '本机还没有数据集', noLocalText: '选取文件、文件夹、数据库或文档，检查后上传；也可以先试用示例。', versions: '版本', uploadedTo: '已上传至', nowhere: '未上传', unchecked: '尚未检查', clean: '没有问题', errorsN_one: '{{n}} 个错误', errorsN_other: '{{n}} 个错误', warningsN_one: '{{n}} 个警告', warningsN_other: '{{n}} 个警告', personalN_one: '{{n}} 处个人信息', personalN_other: '{{n}} 处个人信息', unknownTokens: '尚未统计，请选择模型后检查',
    made: { import: '导入', query: '来自数据库', passages: '文档片段', drafts: '模型起草', fix: '已修复', mask: '已脱敏', dedup: '已去重', split: '已划分', sample: '抽样' },
    unfinished: '未完成的上传', arrived: '已到达 {{done}} / {{total}} · 开始于 {{begun}}', goOn: '继续上传', discard: '丢弃', discardTitle: '丢弃“{{name}}”的上传？', discardText: '云端已收到的 {{size}} 将被销毁，本机上的文件会保留。',
    onCloud: '此云上的数据集', empty: '此云上还没有数据集', emptyText: '上传的数据集会显示在这里，无论由谁上传。', deleteTitle: '删除数据集“{{name}}”？', deleteText: '已上传的文件（{{size}}）将从此云上删除，无法恢复。已使用它的训练任务会保留结果。', unknownRows: '从别处上传，行数未在本机统计',
    plainText: '文本', preferred: '更优', notPreferred: '较差', role: { system: '系统', user: '用户', assistant: '助手', tool: '工具' },
  },
  tunes: {
    fresh: '新建训练任务', all: '全部训练任务', empty: '还没有训练任务', emptyText: '选择数据集和基础模型，开始之前即可看到价格和时间。',
    launchTitle: '新建训练任务', launch: '开始训练', model: '基础模型', data: '数据集', noData: '此云上还没有数据集。', addData: '添加数据集', kind: '训练类型', kinds: { efficient_sft: 'LoRA 微调（对话）', sft: '全参微调（对话）', cpt: '继续预训练（文本，全参）', dpo_lora: '偏好训练（LoRA）', dpo_full: '偏好训练（全参）' }, naming: '名称', namePlaceholder: '可选，便于识别', settings: '训练设置', advanced: '高级设置',
    needModel: '请选择基础模型', needData: '请选择数据集', needReady: '准备基础模型', needLicence: '阅读许可条款', preparing: '正在准备基础模型……', ready: '已就绪', notReady: '尚未下载到本机', priceMillion: '每百万 Token {{price}}', parameters: '{{n}} 参数', size: '需下载 {{size}}',
    summary: '摘要', rows: '行数', tokensEpoch: '每轮 Token 数', tokensAll: 'Token 总数', price: '价格', time: '时间', unknown: '尚不清楚', range: '{{low}} – {{high}}', why: '为什么是范围', estimateWait: '选择模型和数据集后，即可看到价格和时间。', none: '未选择', chosen_one: '{{count}} 个数据集', chosen_other: '{{count}} 个数据集', reset: '恢复推荐值',
    licence: '许可条款', licenceText: '首次使用 {{model}} 之前，请阅读其条款。', accept: '接受并准备', decline: '不接受', prepare: '准备（{{size}}）', readLicence: '阅读许可条款',
    tabs: { charts: '图表', log: '日志', config: '配置', lineage: '数据与来源' },
    raw: '原始', smooth: '平滑', smoothing: '平滑程度', logScale: '对数坐标', loss: '训练损失', rate: '学习率', speed: '速度', noMetrics: '尚未完成任何一步。测得数据后会立即显示在这里。', noLog: '日志暂时为空。', lossOf: '各步训练损失，共 {{count}} 个点，最后为 {{last}}', chartOf: '各步的{{what}}',
    stop: '取消训练', stopTitle: '取消训练任务“{{name}}”？', stopText: '训练将永久停止，不会产生模型。已训练的 {{tokens}} 个 Token 可能仍会计费。', stopKeep: '继续训练', deleteTitle: '删除训练任务“{{name}}”？', deleteText: '云上的结果、损失曲线和日志将被删除，无法恢复。已取回的模型会保留。', deleteNotPulled: '它的模型尚未取回，将一并丢失。',
    stepOf: '第 {{step}} 步，共 {{total}} 步', failedTitle: '此训练任务失败', takeHome: '取回模型', atHome: '已取回', openModels: '打开我的模型', ended: '结束时间', output: '产生的模型', dataset: '数据集', datasetGone: '已不在此云上', job: '任务', lineageText: '此模型由什么训练而来，各部分在哪里。', model_at_home: '取回到本机', notYet: '尚未',
    hyper: { n_epochs: '轮次', batch_size: '批大小', max_length: '最长行', learning_rate: '学习率', lora_rank: 'LoRA 秩', lora_alpha: 'LoRA alpha', lora_dropout: 'LoRA dropout', lr_scheduler_type: '学习率策略', warmup_ratio: '预热比例', weight_decay: '权重衰减', seed: '随机种子' },
    hint: { n_epochs: '每行数据被学习的次数', learning_rate: '每一步调整的幅度', max_length: '以 Token 计，更长的行会被丢弃', batch_size: '每步的行数' },
    schedule: { cosine: '余弦', linear: '线性', constant: '恒定' },
  },
  status: { PENDING: '待处理', QUEUING: '排队中', RUNNING: '运行中', CANCELING: '取消中', SUCCEEDED: '成功', FAILED: '失败', CANCELED: '已取消', UPDATING: '更新中', STOPPED: '已停止', DELETING: '删除中' },
  models: {
    tabs: { library: '模型', playground: '对话试用', deployments: '部署' },
    empty: '本机还没有模型', emptyText: '请取回已完成的训练结果，或从文件、文件夹导入模型。', finished: '可以取回', finishedText: '已完成的训练任务，其权重在云端。', pull: '取回', pulling: '正在取回“{{name}}”',
    origin: { base: '基础模型', tuned: '训练所得', imported: '导入' }, from: '基于 {{base}}', formats: '格式', noFormat: '尚未转换', convertTo: '转换为 {{quant}}', convert: '转换', converting: '正在转换为 {{quant}}', cancelConvert: '取消转换',
    quant: { f32: '精确，体积最大', int8: '精度略低，体积四分之一', int4: '体积最小，速度最快' }, tryIt: '试用', exportAs: '导出为 {{quant}}', export: '导出', exporting: '正在导出 {{name}}', exported: '“{{name}}”已导出到 {{dir}}。', deploy: '部署',
    import: '导入模型', importFile: 'GGUF 文件……', importFolder: 'Hugging Face 文件夹……', importTitle: '导入 {{name}}', importName: '名称（可选）', adapter: '适配器文件夹（可选）', adapterText: '要合并到模型中的 PEFT 适配器。', chooseAdapter: '选择文件夹', asBase: '作为基础模型，可在内置云上训练', importing: '正在导入 {{name}}', start: '导入', fileKind: 'GGUF 模型',
    deleteTitle: '删除模型“{{name}}”？', deleteText: '本机上的文件（{{size}}）将被删除。它在云上的部署会保留。', deleteAgain: '只要训练任务还在，就可以再次取回。', deleteForever: '它是导入的，原件只在您手中。', hash: 'SHA-256 {{hash}}',
  },
  play: {
    choose: '选择由谁回答', column: '第 {{n}} 列', local: '本机', cloud: '云端', addColumn: '添加一列', removeColumn: '移除第 {{n}} 列', prompt: '提示词', placeholder: '向每一列提出同一个问题……', send: '提问', stop: '停止', clear: '重新开始', settings: '回答设置', system: '系统消息', maxTokens: '回答上限（Token）', temperature: '温度', temperatureHint: '0 表示总是选最可能的词', topP: 'Top-p', seed: '随机种子', seedHint: '留空则每次回答不同',
    remember: '同时发送之前的对话', differences: '标出差异', differencesHint: '第一列的回答中没有的词', loading: '正在加载模型……', waiting: '正在等待第一个词……', empty: '回答会显示在这里。', noModels: '还没有可以回答的模型', noModelsText: '请先取回训练结果，或准备一个基础模型。', speed: '{{tps}} Token/秒', first: '首个 Token {{ms}}', memory: '内存 {{size}}', tokens: '{{n}} Token', stopped: '已停止', cut: '达到回答上限，已截断', you: '您', sendHint: 'Enter 发送，Shift+Enter 换行', answer: '{{who}} 的回答',
  },
  deploy: {
    fresh: '部署模型', empty: '还没有部署', emptyText: '部署已完成的训练结果，供您的程序调用。', which: '模型', naming: '名称', plan: '计费方式', lora: '按 Token', loraText: '按输入和输出的 Token 计费，无人调用时不产生费用。', mu: '按小时', muText: '独占一个模型单元，存在期间持续计费，无论是否调用。', start: '部署', noCandidates: '还没有可以部署的训练结果。',
    native: '原生接入点', openai: 'OpenAI 兼容接入点', callable: '请求中填写的模型名', key: 'API 密钥', keyText: '持有此密钥的人都可以调用您的部署，费用由您承担。', showKey: '显示密钥', hideKey: '隐藏密钥', undeploy: '删除部署', undeployTitle: '删除部署“{{name}}”？', undeployText: '它的接入点将立即停止服务，所有使用它的程序都会受影响。再次部署会得到新的 ID。', model: '模型 {{model}}', created: '部署于 {{at}}',
  },
  usage: {
    sync: '同步账单', syncing: '同步中……', month: '月份', total: '合计', training: '训练', inference: '推理', hosting: '托管', balance: '账户余额', daily: '每日费用', dailyOf: '{{month}}每日费用，按训练、推理和托管堆叠', byModel: '按模型', byKind: '按类型', breakdown: '费用构成', lines: '账单明细', csv: '导出 CSV', empty: '本月没有账单', emptyText: '请同步以从云端读取。费用产生后几分钟才会出现。', neverText: '尚未从此云读取账单。', tokensTrained: '训练 {{n}} Token', tokensIn: '输入 {{in}}，输出 {{out}} Token', hostingText: '按小时计费的部署', allKinds: '各类费用之和', synced_one: '已读取 {{count}} 条账单明细。', synced_other: '已读取 {{count}} 条账单明细。', noBills: '此云没有 AccessKey，无法读取账单。', addKey: '打开云设置',
    item: { input_token: '输入 Token', output_token: '输出 Token', training_token: '训练 Token', model_unit_hour: '模型单元小时' },
  },
  settings: {
    tabs: { general: '常规', clouds: '云', storage: '存储', keys: '密钥', about: '关于' },
    language: '语言', theme: '外观', light: '浅色', dark: '深色', system: '跟随系统', languageText: '立即生效，正在运行的任务不受影响。', themeText: '浅色、深色，或跟随系统设置。', uploadRate: '上传限速', uploadRateText: '上传最多占用的带宽，留空则不限。', unlimited: '不限速', uploadHours: '上传时段', uploadHoursText: '上传会等到此时段再进行，例如 22:00 至 06:00。', uploadFrom: '上传开始时间', uploadTo: '上传结束时间', anyTime: '任何时间',
    addCloud: '添加云', cloudTitle: '添加百炼', cloudsText: '内置云在本机运行，无需账号。您输入的密钥保存在钥匙串中，不会再次显示。', name: '名称', baseUrl: '地址', baseUrlHint: '根地址，不含路径', billingUrl: '账单地址（可选）', region: '地域（可选）', workspace: '业务空间（可选）', apiKey: 'API 密钥', accessKeyId: 'AccessKey ID（用于账单）', accessKeySecret: 'AccessKey Secret', required: '请填写此项。', urlWrong: '这不是 http 或 https 地址。', both: 'AccessKey 需要同时填写 ID 和 Secret。', selected: '使用中', select: '使用', check: '检查', reachable: '{{ms}}内应答', unreachable: '没有应答', abilities: '还支持：{{list}}', remove: '移除', removeTitle: '移除云“{{name}}”？', removeText: '本机将不再保存它的地址和密钥。云上的内容不会删除。', bills: '可读取账单', noBills: '无 AccessKey', notRunning: '需要时启动', kind: { embedded: '内置', model_studio: '百炼' },
    free: '此磁盘剩余 {{size}}', used: '已使用 {{size}}', clean: '清理', cleanTitle: '清理{{kind}}？', cleanText: '将删除 {{size}}，需要时会重新下载或生成，可能需要一些时间。', storageText: '控制台在本机保存的内容。', where: '位置', keptHint: '您的成果', place: { library: '本机数据集', datasets: '内置云中的数据集', models: '模型', converted: '转换后的模型', checkpoints: '检查点', base_models: '基础模型', runtime: 'ONNX Runtime', database: '数据库', logs: '日志' },
    keysTitle: '主密钥的保存位置', platform: '系统钥匙串', platformText: '密钥由系统保护，登录后即可使用。', file: '密钥文件', fileText: '主密钥保存在 {{path}}。能读取该文件的人就能读取您的数据。', session: '仅本次会话', sessionText: '退出后，现在加密的内容将无法再打开，密钥需要重新输入。', undecided: '尚未选择', chooseTitle: '此计算机没有钥匙串', chooseText: '您的数据用主密钥加密。请选择主密钥的保存位置，在此之前无法加密任何内容。', chooseFile: '保存在文件中', chooseSession: '仅本次会话',
    version: '版本', platformName: '系统', home: '数据文件夹', cache: '缓存文件夹', aboutText: '管理数据集、训练任务和专属模型，离线测试，并了解费用。',
  },
  database: {
    connections: '数据库', connectionsText: '支持 PostgreSQL、MySQL、MariaDB 与 PolarDB。只读取数据；密码加密保存在本机，此后不再显示。', add: '添加连接', empty: '还没有数据库连接', emptyText: '添加连接后，可直接从数据库取数，无需先导出文件。', chosen: '已选择', connect: '连接', edit: '修改', remove: '移除',
    removeTitle: '移除连接“{{name}}”？', removeText: '其地址和密码将从本机删除。数据库本身不会改变，由它生成的数据集仍会保留。',
    addTitle: '连接数据库', editTitle: '修改连接', save: '保存并连接', engine: '类型', engines: { postgres: 'PostgreSQL', mysql: 'MySQL 或 MariaDB' }, host: '主机', port: '端口', user: '用户名', password: '密码', passwordKept: '留空则沿用已保存的密码。', passwordAgain: '服务器或用户已更改，请重新输入密码；原密码将被清除。',
    database: '数据库名', databaseHint: { postgres: '留空则使用与用户同名的数据库', mysql: '留空则不指定，由查询语句写明' }, tls: '加密', modes: { verify_full: '必须加密，并校验证书', prefer: '服务器支持时加密', off: '不加密' }, tlsHint: { verify_full: '传输途中任何人都无法读取或篡改。', prefer: '不校验证书，适用于可信网络。', off: '仅适用于本机上的数据库。' },
    ca: '颁发机构证书（可选）', caHint: 'PEM 文件；颁发机构不受系统信任时需要', caChoose: '选择文件', caKind: '证书',
    found: '“{{name}}”中的内容', verified: '已加密，证书已校验', encrypted: '已加密，证书未校验', open: '未加密', powers: '该用户的权限不止读取。控制台从不写入，但使用只读用户更安全。', advice: '创建只读用户的语句', adviceCopy: '复制语句',
    tables: '表', tablesText: '选择一张表，即可生成对应的查询语句。', filter: '筛选表和列', noMatch: '没有与“{{text}}”匹配的表或列。', columns: '列', rowsAbout: '行数（约）', write: '生成 {{name}} 的查询语句', noTables: '没有可读取的表', noTablesText: '请向数据库管理员申请读取权限，或填写其他数据库名。', moreTables: '仅列出前 {{n}} 张表，其余的表可在查询语句中直接写明。',
    query: '查询语句', queryText: '一条 SELECT、WITH、VALUES 或 TABLE 语句，在只读事务中执行；任何修改都会被服务器拒绝。', placeholder: 'SELECT * FROM 问答记录', show: '显示前几行', keys: '也可按 {{keys}}', asking: '正在查询数据库', stop: '终止查询', rows: '查询结果的前几行', rowsText: '已读取 {{n}} 行供查看，导入时会读取全部数据。', noRows: '查询没有返回任何行', noRowsText: '请检查查询条件，然后重新显示。', changed: '查询语句已修改。重新显示之前，接下来仍使用下方的数据。',
    replaceTitle: '替换当前的查询语句？', replaceText: '查询语句已被手动修改，生成该表的语句后，所写内容将会丢失。', replace: '替换', keepQuery: '保留我的语句',
  },
  command: { go: '前往{{page}}', choose: '选择数据集文件', sample: '检查示例数据集', launch: '新建训练任务', playground: '打开对话试用', deployments: '查看部署', importFile: '导入 GGUF 模型', importFolder: '导入模型文件夹', sync: '同步账单', cloud: '使用云“{{name}}”', tasks: '查看运行中的任务', light: '浅色外观', dark: '深色外观', english: '切换到英文（English）', chinese: '切换到中文', addCloud: '添加云', storage: '清理存储' },
  drafts,
};
