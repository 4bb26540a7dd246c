"use strict";
// Draws the charts of a report from the data in the page. Every figure that is read as text stands
// in the page already; without this script pictures and tables remain.
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const plots = [];
  let syncing = false;
  // Width of a chart on paper while the page is printed.
  let paper = null;
  root.classList.add("scripted");

  const colour = (tone) => getComputedStyle(root).getPropertyValue("--" + tone).trim();
  const timesOf = (times) => Array.isArray(times)
    ? times
    : Array.from({ length: times.count }, (_, place) => times.start + place * times.step);

  const two = (number) => String(number).padStart(2, "0");
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const day = (time) => { const at = new Date(time * 1e3); return at.getUTCDate() + " " + months[at.getUTCMonth()]; };
  const clock = (time, seconds) => {
    const at = new Date(time * 1e3);
    const text = two(at.getUTCHours()) + ":" + two(at.getUTCMinutes());
    return seconds ? text + ":" + two(at.getUTCSeconds()) : text;
  };
  const moment = (time) => day(time) + " " + clock(time, time % 60 !== 0) + " UTC";
  const ticks = (_, splits, __, ___, step) => splits.map((time) =>
    step >= 86400 || time % 86400 === 0 ? day(time) : clock(time, step < 60));

  // Places that tell ticks apart: 2.5 needs one more than 2.
  const places = (step) => {
    for (let count = 0; count < 9; count++) {
      const scaled = step * 10 ** count;
      if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return count;
    }
    return 9;
  };
  const short = (_, splits, __, ___, step) => splits.map((value) => {
    if (value == null) return "";
    if (value === 0) return "0";
    const [unit, letter] = step >= 1e8 ? [1e9, "bn"] : step >= 1e5 ? [1e6, "M"] : step >= 1e3 ? [1e3, "k"] : [1, ""];
    return (value / unit).toFixed(places(step / unit)) + letter;
  });
  const figure = (value) => {
    if (value == null) return "–";
    const size = Math.abs(value);
    const digits = size >= 1000 || size === 0 ? 0 : size >= 10 ? 2 : size >= 0.01 ? 4 : 8;
    return value.toLocaleString("en-US", { minimumFractionDigits: Number.isInteger(value) ? 0 : digits, maximumFractionDigits: digits });
  };

  // Stacked views draw sums from the top down; the legend shows what each series adds.
  const stacked = (view) => {
    const sums = new Array(view.times.length).fill(0);
    return view.series.map((one) => one.values.map((value, place) => (sums[place] += value ?? 0)));
  };

  const foot = (view) => Math.max(...view.series.filter((one) => one.foot)
    .map((one) => one.values.reduce((most, value) => Math.max(most, value ?? 0), 0)), 0);

  const seriesOf = (view, one) => {
    const bars = view.kind === "bars" || one.foot;
    const filled = bars || view.kind === "areas";
    const stroke = () => colour(one.tone);
    return {
      label: one.name,
      scale: one.foot ? "foot" : "y",
      auto: !one.loose,
      stroke,
      fill: filled ? stroke : undefined,
      width: filled ? 0 : 1.4,
      dash: one.dash ? [6, 4] : undefined,
      spanGaps: true,
      points: { show: view.stepped, size: 5 },
      paths: bars ? uPlot.paths.bars({ size: [1, Infinity, 1], align: 1 })
        : view.stepped || view.kind === "areas" ? uPlot.paths.stepped({ align: 1 })
        : uPlot.paths.linear(),
      value: (_, __, ___, place) => place == null ? "" : figure(one.values[place]),
    };
  };

  const marks = (view) => (plot) => {
    const context = plot.ctx;
    context.save();
    context.setLineDash([3, 3]);
    const ratio = uPlot.pxRatio;
    // The library leaves the alignment of its axes behind.
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.font = 11 * ratio + "px system-ui, sans-serif";
    const shown = view.marks.filter((mark) => mark.time >= plot.scales.x.min && mark.time <= plot.scales.x.max);
    let free = 0;
    for (const mark of shown) {
      const x = Math.round(plot.valToPos(mark.time, "x", true));
      context.strokeStyle = context.fillStyle = colour(mark.tone);
      context.beginPath();
      context.moveTo(x, plot.bbox.top);
      context.lineTo(x, plot.bbox.top + plot.bbox.height);
      context.stroke();
      const width = context.measureText(mark.text).width;
      const end = plot.bbox.left + plot.bbox.width;
      const left = x + width + 6 * ratio > end ? Math.max(plot.bbox.left, x - width - 6 * ratio) : x + 4 * ratio;
      if (left > free && width < plot.bbox.width) {
        // A rim of paper keeps the words apart from lines behind them.
        context.setLineDash([]);
        context.lineWidth = 4 * ratio;
        context.strokeStyle = colour("paper");
        context.strokeText(mark.text, left, plot.bbox.top + 12 * ratio);
        context.fillText(mark.text, left, plot.bbox.top + 12 * ratio);
        context.lineWidth = ratio;
        context.setLineDash([3, 3]);
        free = left + width;
      }
    }
    context.restore();
  };

  const together = (min, max) => {
    if (syncing) return;
    syncing = true;
    for (const other of plots) other.plot.setScale("x", { min, max });
    syncing = false;
  };

  const options = (view, box) => {
    const most = foot(view);
    const zero = view.kind !== "lines";
    const axis = { stroke: () => colour("muted"), grid: { stroke: () => colour("grid"), width: 1 }, ticks: { stroke: () => colour("grid"), width: 1 } };
    return {
      ...sizeOf(box),
      tzDate: (time) => uPlot.tzDate(new Date(time * 1e3), "Etc/UTC"),
      cursor: { sync: { key: "run", scales: ["x", null] }, drag: { x: true, y: false }, focus: { prox: -1 }, y: false,
        bind: { dblclick: () => () => { together(data.from, data.to); return null; } } },
      scales: {
        x: { time: true, min: data.from, max: data.to, range: (_, min, max) => [min ?? data.from, max ?? data.to] },
        y: { range: (_, min, max) => {
          if (min == null) return [0, 1];
          if (zero) [min, max] = [Math.min(0, min), Math.max(0, max)];
          const air = max > min ? (max - min) * 0.05 : Math.abs(max) * 0.05 || 1;
          return [zero && min === 0 ? 0 : min - air, max + air];
        } },
        foot: { auto: false, range: () => [0, most > 0 ? most / 0.3 : 1] },
      },
      axes: [
        { ...axis, values: ticks, space: 64 },
        { ...axis, values: short, size: 58 },
      ],
      series: [
        { label: "", value: (_, time) => time == null ? "" : moment(time) },
        ...view.series.map((one) => seriesOf(view, one)),
      ],
      hooks: {
        draw: [marks(view)],
        setScale: [(plot, key) => { if (key === "x") together(plot.scales.x.min, plot.scales.x.max); }],
      },
    };
  };

  // Topmost first, so that lower sums cover the feet of higher ones.
  const prepared = (view) => {
    const times = timesOf(view.times);
    const whole = { ...view, times };
    if (view.kind === "lines") return [whole, [times, ...view.series.map((one) => one.values)]];
    const sums = stacked(whole).reverse();
    return [{ ...whole, series: [...view.series].reverse() }, [times, ...sums]];
  };

  const draw = (entry) => {
    const { box, chart, place } = entry;
    const [view, columns] = prepared(chart.views[place]);
    const range = entry.plot && { min: entry.plot.scales.x.min, max: entry.plot.scales.x.max };
    entry.plot?.destroy();
    const several = chart.views.length > 1;
    box.querySelector(".unit").textContent = several ? view.name + ", " + view.unit : view.unit;
    syncing = true;
    entry.plot = new uPlot(options(view, entry.target), columns, entry.target);
    if (range) entry.plot.setScale("x", range);
    syncing = false;
    for (const table of box.querySelectorAll(".figures")) table.hidden = Number(table.dataset.view) !== place;
    for (const button of box.querySelectorAll(".views button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.view) === place));
    }
  };

  const sizeOf = (target) => {
    const width = Math.max(240, paper ?? target.clientWidth);
    return { width, height: paper ? 170 : width < 520 ? 240 : 300 };
  };

  const keys = (entry) => (event) => {
    const { plot } = entry;
    const { min, max } = plot.scales.x;
    const width = plot.bbox.width / uPlot.pxRatio;
    const left = plot.cursor.left >= 0 ? plot.cursor.left : width / 2;
    const middle = plot.posToVal(left, "x");
    const zoom = (factor) => together(
      Math.max(data.from, middle - (middle - min) * factor),
      Math.min(data.to, middle + (max - middle) * factor));
    const step = event.shiftKey ? 40 : 8;
    const acts = {
      ArrowLeft: () => plot.setCursor({ left: Math.max(0, left - step), top: 10 }, true, true),
      ArrowRight: () => plot.setCursor({ left: Math.min(width, left + step), top: 10 }, true, true),
      "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2),
      0: () => together(data.from, data.to), Escape: () => together(data.from, data.to),
    };
    const act = acts[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  };

  for (const box of document.querySelectorAll(".chart")) {
    const chart = data.charts[Number(box.dataset.chart)];
    const entry = { box, chart, place: 0, plot: null, target: box.querySelector(".plot") };
    draw(entry);
    plots.push(entry);
    entry.target.addEventListener("keydown", keys(entry));
    for (const button of box.querySelectorAll(".views button")) {
      button.addEventListener("click", () => { entry.place = Number(button.dataset.view); draw(entry); });
    }
    box.querySelector(".views select")?.addEventListener("change", (event) => {
      entry.place = Number(event.target.value);
      draw(entry);
    });
  }

  // Legends keep the colours they were made with, so another theme draws anew.
  const redraw = () => { for (const entry of plots) draw(entry); };
  const resize = () => {
    for (const { plot, target } of plots) {
      if (!paper && target.clientWidth > 0 && target.clientWidth !== plot.width) {
        plot.setSize(sizeOf(target));
      }
    }
  };
  new ResizeObserver(resize).observe(document.querySelector("main"));

  document.getElementById("whole").addEventListener("click", () => together(data.from, data.to));
  const worst = document.getElementById("worst");
  if (data.worst != null) {
    worst.hidden = false;
    worst.addEventListener("click", () =>
      together(Math.max(data.from, data.worst - 5400), Math.min(data.to, data.worst + 5400)));
  }

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    redraw();
  });
  dark.addEventListener("change", redraw);

  // Paper is light, whatever the screen is.
  let before;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    paper = 680;
    redraw();
  });
  addEventListener("afterprint", () => {
    paper = null;
    if (before) root.dataset.theme = before; else delete root.dataset.theme;
    redraw();
  });
})();
