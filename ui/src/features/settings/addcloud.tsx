/** @file The form for a Model Studio cloud. Keys go straight to Rust and are not kept here. */
import { Button, Form, Input, Modal } from 'antd';
import { useChange } from '../../api/use';
import { Refusal } from '../../components/state';
import { useWords } from '../../i18n/use';

type Fields = { name: string; base_url: string; billing_url?: string; region?: string; workspace?: string; api_key: string; access_key_id?: string; access_key_secret?: string };
const none = (text: string | undefined) => text?.trim() || null;

export function AddCloud({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const add = useChange('cloud_add');
  const [form] = Form.useForm<Fields>();
  const save = (fields: Fields) => add.mutate({
    name: fields.name.trim(), base_url: fields.base_url.trim(), api_key: fields.api_key.trim(), billing_url: none(fields.billing_url), region: none(fields.region), workspace: none(fields.workspace),
    access_key_id: none(fields.access_key_id), access_key_secret: none(fields.access_key_secret),
  }, { onSuccess: onClose });
  const needed = { required: true, whitespace: true, message: t('settings.required') };
  const address = { pattern: /^https?:\/\/[^\s/]+\/?$/, message: t('settings.urlWrong') };
  /** Half an AccessKey is no AccessKey. */
  const both = (other: 'access_key_id' | 'access_key_secret') => ({ validator: (_: unknown, value: string | undefined) => (none(value) || !none(form.getFieldValue(other)) ? Promise.resolve() : Promise.reject(new Error(t('settings.both')))) });
  const secret = { autoComplete: 'off', spellCheck: false };
  return <Modal open centered width={600} title={t('settings.cloudTitle')} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" loading={add.isPending} onClick={form.submit}>{t('act.add')}</Button></>}>
    <Form<Fields> form={form} layout="vertical" requiredMark={false} onFinish={save} initialValues={{ name: t('settings.kind.model_studio'), base_url: 'https://dashscope.aliyuncs.com' }}>
      <div className="fields">
        <Form.Item name="name" label={t('settings.name')} rules={[needed]}><Input maxLength={64} /></Form.Item>
        <Form.Item name="base_url" label={t('settings.baseUrl')} rules={[needed, address]} extra={t('settings.baseUrlHint')}><Input inputMode="url" /></Form.Item>
        <Form.Item name="region" label={t('settings.region')}><Input placeholder="cn-beijing" /></Form.Item>
        <Form.Item name="workspace" label={t('settings.workspace')}><Input /></Form.Item>
      </div>
      <Form.Item name="api_key" label={t('settings.apiKey')} rules={[needed]}><Input.Password {...secret} /></Form.Item>
      <div className="fields">
        <Form.Item name="access_key_id" label={t('settings.accessKeyId')} rules={[both('access_key_secret')]} dependencies={['access_key_secret']}><Input {...secret} /></Form.Item>
        <Form.Item name="access_key_secret" label={t('settings.accessKeySecret')} rules={[both('access_key_id')]} dependencies={['access_key_id']}><Input.Password {...secret} /></Form.Item>
      </div>
      <Form.Item name="billing_url" label={t('settings.billingUrl')} rules={[address]}><Input inputMode="url" /></Form.Item>
      <Refusal error={add.error} onRetry={form.submit} />
    </Form>
  </Modal>;
}
