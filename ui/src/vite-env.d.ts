/** @file Modules that the build makes up. */
declare module 'virtual:antd.css';
