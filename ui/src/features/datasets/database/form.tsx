/** @file The form of a connection. The password goes straight to Rust and is not kept here. */
import { Button, Form, Input, InputNumber, Modal, Select } from 'antd';
import { useHost, useChange } from '../../../api/use';
import type { DatabaseEngine, DatabaseRow, DatabaseTls } from '../../../api/generated/types';
import { IconFile } from '../../../components/icons';
import { Refusal } from '../../../components/state';
import { useWords } from '../../../i18n/use';

type Fields = Omit<DatabaseRow, 'id'> & { password: string };

const ports: Record<DatabaseEngine, number> = { postgres: 5432, mysql: 3306 };
const engines: DatabaseEngine[] = ['postgres', 'mysql'];
const modes: DatabaseTls[] = ['verify_full', 'prefer', 'off'];

/** Hosts that are this very machine, where nothing can be listened in on. */
const isHere = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host.trim());
const usual = (host: string): DatabaseTls => (isHere(host) ? 'prefer' : 'verify_full');
const fresh: Fields = { name: '', engine: 'postgres', host: '', port: ports.postgres, database: '', user: '', tls: 'verify_full', ca: null, password: '' };

type Props = { old: DatabaseRow | null; onClose: () => void; onSaved: (row: DatabaseRow) => void };

export function ConnectionForm({ old, onClose, onSaved }: Props) {
  const { t } = useWords();
  const host = useHost();
  const save = useChange('database_save');
  const [form] = Form.useForm<Fields>();
  const start: Fields = old ? { ...fresh, ...old } : fresh;
  const now = Form.useWatch([], form) ?? start;
  // A password is for one user of one server; the program drops it when these change.
  const elsewhere = old !== null && (old.engine !== now.engine || old.host !== now.host?.trim() || old.port !== now.port || old.user !== now.user?.trim());
  /** What follows from a choice changes with it, until somebody chose it, too. */
  const follow = (changed: Partial<Fields>, all: Fields) => {
    if (changed.engine && Object.values(ports).includes(all.port)) form.setFieldValue('port', ports[changed.engine]);
    if (changed.host !== undefined && !old && !form.isFieldTouched('tls')) form.setFieldValue('tls', usual(changed.host));
  };
  const send = ({ password, ...fields }: Fields) => save.mutate({
    row: { ...fields, id: old?.id ?? '', name: fields.name.trim(), host: fields.host.trim(), database: fields.database.trim(), user: fields.user.trim(), ca: fields.tls === 'verify_full' ? fields.ca?.trim() || null : null },
    ...(password && { password }),
  }, { onSuccess: (row) => { onClose(); onSaved(row); } });
  const pick = () => void host.pickFile([{ name: t('database.caKind'), extensions: ['pem', 'crt', 'cer'] }]).then((path) => { if (path) form.setFieldValue('ca', path); }, () => undefined);
  const needed = { required: true, whitespace: true, message: t('settings.required') };
  const plain = { autoComplete: 'off', spellCheck: false };
  const passwordHint = old && t(elsewhere ? 'database.passwordAgain' : 'database.passwordKept');
  return <Modal open centered width={600} title={t(old ? 'database.editTitle' : 'database.addTitle')} onCancel={onClose}
    footer={<><Button onClick={onClose}>{t('act.cancel')}</Button><Button type="primary" loading={save.isPending} onClick={form.submit}>{t('database.save')}</Button></>}>
    <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={start} onFinish={send} onValuesChange={follow}>
      <div className="fields">
        <Form.Item name="name" label={t('settings.name')} rules={[needed]}><Input maxLength={80} /></Form.Item>
        <Form.Item name="engine" label={t('database.engine')}><Select options={engines.map((one) => ({ value: one, label: t(`database.engines.${one}`) }))} /></Form.Item>
        <Form.Item name="host" label={t('database.host')} rules={[needed]}><Input maxLength={255} {...plain} /></Form.Item>
        <Form.Item name="port" label={t('database.port')} rules={[{ required: true, message: t('settings.required') }]}><InputNumber<number> min={1} max={65535} precision={0} className="wide" /></Form.Item>
        <Form.Item name="user" label={t('database.user')} rules={[needed]}><Input maxLength={200} {...plain} /></Form.Item>
        <Form.Item name="password" label={t('database.password')} extra={passwordHint}><Input.Password autoComplete="new-password" spellCheck={false} /></Form.Item>
        <Form.Item name="database" label={t('database.database')} extra={t(`database.databaseHint.${now.engine}`)}><Input maxLength={200} {...plain} /></Form.Item>
        <Form.Item name="tls" label={t('database.tls')} extra={t(`database.tlsHint.${now.tls}`)}><Select options={modes.map((one) => ({ value: one, label: t(`database.modes.${one}`) }))} /></Form.Item>
      </div>
      {now.tls === 'verify_full' && <div className="row top"><Form.Item name="ca" label={t('database.ca')} extra={t('database.caHint')} className="grow"><Input {...plain} /></Form.Item>
        <Button icon={<IconFile aria-hidden />} onClick={pick}>{t('database.caChoose')}</Button></div>}
      <Refusal error={save.error} onRetry={form.submit} />
    </Form>
  </Modal>;
}
