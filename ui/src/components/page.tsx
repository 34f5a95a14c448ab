/** @file The head of every page and of the cards on it. */
import type { ReactNode } from 'react';

/** Title, one sentence, and what the page is there to do on the right. */
export function PageHead({ title, lead, back, children }: { title: ReactNode; lead?: ReactNode; back?: ReactNode; children?: ReactNode }) {
  return <header className="page-head">
    <div className="page-title">{back}<h1>{title}</h1>{lead && <p className="soft">{lead}</p>}</div>
    {children && <div className="page-acts">{children}</div>}
  </header>;
}

export function Panel({ title, lead, extra, children, className = '', label }: { title?: ReactNode; lead?: ReactNode; extra?: ReactNode; children: ReactNode; className?: string; label?: string }) {
  return <section className={`panel ${className}`} aria-label={label}>
    {(title || extra) && <div className="panel-head"><div>{title && <h2>{title}</h2>}{lead && <p className="soft">{lead}</p>}</div>{extra && <div className="panel-extra">{extra}</div>}</div>}
    {children}
  </section>;
}

/** A figure with its name above and a remark below. */
export function Figure({ name, children, remark, className = '' }: { name: ReactNode; children: ReactNode; remark?: ReactNode; className?: string }) {
  return <div className={`figure ${className}`}><div className="figure-name">{name}</div><div className="figure-value">{children}</div>{remark && <div className="figure-remark">{remark}</div>}</div>;
}
