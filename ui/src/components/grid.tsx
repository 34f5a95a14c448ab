/** @file The one table: antd's, virtual beyond 200 rows, named for screen readers, never wider than its card. */
import { Table, type TableProps } from 'antd';

const LIMIT = 200;

export function Grid<T extends object>({ label, rows, columns, rowKey, height = 420, width = 900, ...rest }: Omit<TableProps<T>, 'dataSource' | 'virtual' | 'scroll'> & { label: string; rows: readonly T[]; height?: number; width?: number }) {
  const many = rows.length > LIMIT;
  return <div className="grid-box" role="region" aria-label={label} tabIndex={many ? undefined : 0}>
    <Table<T> size="middle" dataSource={rows as T[]} columns={columns} rowKey={rowKey} pagination={false} virtual={many} scroll={many ? { x: width, y: height } : undefined} {...rest} />
  </div>;
}

/** Right-aligned figures that line up. */
export const figure = { align: 'right' as const, className: 'num' };
