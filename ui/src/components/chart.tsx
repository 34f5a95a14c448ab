/** @file One ECharts canvas, loaded when first drawn. Tooltips are drawn on the canvas: no HTML, no style element. */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { connect, init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { useLook } from '../lib/look';
import { chartColours } from '../styles/theme';

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

type Props = {
  option: EChartsCoreOption; label: string; height?: number;
  /** Charts of one group share their crosshair. */
  group?: string;
};

function dress(option: EChartsCoreOption, dark: boolean, fontFamily: string): EChartsCoreOption {
  const { text, line, series } = chartColours(dark);
  const axis = (given: unknown) => ({
    axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: text, hideOverlap: true },
    splitLine: { lineStyle: { color: line } }, nameTextStyle: { color: text, align: 'left' }, ...(given as object),
  });
  return {
    color: series, backgroundColor: 'transparent', animation: false, textStyle: { fontFamily },
    grid: { left: 8, right: 12, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 8, icon: 'roundRect', textStyle: { color: text } },
    tooltip: {
      trigger: 'axis', renderMode: 'richText', confine: true, backgroundColor: dark ? '#2a303a' : '#ffffff', borderColor: line, textStyle: { color: dark ? '#e6e9ee' : '#1c2129', fontSize: 12 },
      axisPointer: { type: 'line', lineStyle: { color: text, type: 'dashed' } }, ...(option.tooltip as object),
    },
    ...Object.fromEntries(Object.entries(option).filter(([key]) => key !== 'tooltip')),
    xAxis: axis(option.xAxis), yAxis: axis(option.yAxis),
  };
}

export default function Chart({ option, label, height = 280, group }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof init> | null>(null);
  const dark = useLook((look) => look.dark);
  useEffect(() => {
    if (!box.current) return;
    const mine = init(box.current);
    chart.current = mine;
    if (group) { mine.group = group; connect(group); }
    const watch = new ResizeObserver(() => mine.resize());
    watch.observe(box.current);
    return () => { watch.disconnect(); mine.dispose(); chart.current = null; };
  }, [group]);
  useEffect(() => { if (box.current) chart.current?.setOption(dress(option, dark, getComputedStyle(box.current).fontFamily), true); }, [option, dark, group]);
  return <div ref={box} className="chart" style={{ height }} role="img" aria-label={label} />;
}
