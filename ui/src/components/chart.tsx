/** @file One ECharts canvas, loaded when first drawn. The table twin is the page's. */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

export default function Chart({ option, label }: { option: EChartsCoreOption; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!box.current) return;
    const dark = document.documentElement.dataset.theme === 'dark';
    const chart = init(box.current, dark ? 'dark' : undefined);
    chart.setOption({ backgroundColor: 'transparent', animation: false, tooltip: { trigger: 'axis', renderMode: 'richText' }, legend: {}, ...option });
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(box.current);
    return () => { watch.disconnect(); chart.dispose(); };
  }, [option]);
  return <div ref={box} className="chart" role="img" aria-label={label} />;
}
