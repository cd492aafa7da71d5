
"use strict";
(() => {
  const space = JSON.parse(document.getElementById("latent-content").textContent);
  const people = space.subjects.length;
  const font = { family: getComputedStyle(document.body).fontFamily, size: 13, color: "#16202a" };
  // By default plotly.js has a button that opens its maker's server with the data: neither button nor address here.
  const config = {
    displaylogo: false,
    responsive: true,
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg", filename: "latent-space" },
  };
  const bare = { showticklabels: false, zeroline: false, gridcolor: "#eef1f3" };
  const plot = document.getElementById("latent-plot");
  const buttons = [...document.querySelectorAll("[data-projection]")];
  const colours = document.getElementById("latent-colouring");
  let projection = buttons[0].dataset.projection;

  // Point i is place floor(i / people) of subject i % people.
  const hover = (point) => `${space.subjects[point % people]}<br>${space.places[Math.floor(point / people)]}`;
  const draw = () => {
    const { x, y } = space.projections[projection];
    const { title, traces } = space.colourings[colours.value];
    const placed = traces.map((trace) => ({
      ...trace,
      x: trace.customdata.map((point) => x[point]),
      y: trace.customdata.map((point) => y[point]),
      text: trace.customdata.map(hover),
    }));
    const scaled = traces.some((trace) => trace.marker.showscale);
    const below = scaled ? { orientation: "h", x: 0, y: 0, yanchor: "top" } : {};  // beside the scale there is no room
    Plotly.react(plot, placed, {
      font,
      margin: { l: 10, r: 10, t: 36, b: 10 },
      hovermode: "closest",
      legend: { title: { text: title }, itemsizing: "constant", uirevision: colours.value, ...below },
      xaxis: { ...bare, uirevision: projection },
      yaxis: { ...bare, uirevision: projection, scaleanchor: "x" },
    }, config);
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.projection === projection));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      projection = button.dataset.projection;
      draw();
    });
  }
  colours.addEventListener("change", draw);
  draw();

  if (space.sweep) {
    const { data, layout } = space.sweep;
    Plotly.newPlot("latent-sweep", data, { ...layout, font, margin: { l: 50, r: 10, t: 64, b: 40 } }, config);
  }
})();
