/** @file Build, development server and tests of the window's content. Nothing is fetched from a network at run time. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  base: './',
  plugins: [react()],
  build: { target: 'es2022', chunkSizeWarningLimit: 1500 },
  server: { port: 1420, strictPort: true, host: '127.0.0.1' },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'], testTimeout: 30000 },
});
