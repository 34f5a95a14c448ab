/** @file Build, development server and tests of the window's content. Nothing is fetched from a network at run time. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { antdCss } from './scripts/antd-css';

/** What the window's CSP must allow and no more; `vite preview` serves with it so that a violation shows here first. */
const csp = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [react(), antdCss()],
  build: {
    target: 'es2022', chunkSizeWarningLimit: 1500, assetsInlineLimit: 0,
    // `--mode showcase` builds the pages over the test host, to look at them; the shipped bundle never holds it.
    rolldownOptions: { input: mode === 'showcase' ? 'showcase.html' : 'index.html' },
    outDir: mode === 'showcase' ? 'dist-showcase' : 'dist',
  },
  server: { port: 1420, strictPort: true, host: '127.0.0.1' },
  preview: { host: '127.0.0.1', headers: { 'content-security-policy': csp } },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], setupFiles: ['src/test/setup.tsx'], testTimeout: 30000 },
}));
