// What must happen in the browser: handing the URL to the router, leaving, the grid's script. Nothing here fetches from elsewhere.
const GRID = "/_dash-component-suites/dash_ag_grid/dash_ag_grid.min.js";
let grid = null;
// The grid's script is large, and one page needs it: it is fetched before that page is drawn.
function withGrid(pathname, result) {
  if (!pathname.endsWith("/rows") || window.dash_ag_grid) return result;
  grid = grid || new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = GRID;
    script.onload = script.onerror = resolve;
    document.head.appendChild(script);
  });
  return grid.then(() => result);
}
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  review: {
    // A page that wrote the URL itself has drawn its view already.
    route: function (pathname, search, own, route) {
      const now = { pathname: pathname || "/", search: search || "" };
      if (own && route && own.pathname === now.pathname && own.search === now.search) {
        return [window.dash_clientside.no_update, window.dash_clientside.no_update];
      }
      if (!route || route.pathname !== now.pathname) window.scrollTo(0, 0);
      return withGrid(now.pathname, [Object.assign(now, { at: Date.now() }), null]); // drawn by the router from here on
    },
    log_out: function (clicks) {
      if (!clicks) return window.dash_clientside.no_update;
      const form = document.createElement("form");
      form.method = "post";
      form.action = "/logout";
      const field = document.createElement("input");
      field.name = "csrf";
      field.value = (document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/) || ["", ""])[1];
      form.appendChild(field);
      document.body.appendChild(form);
      form.submit();
      return true;
    },
  },
});
