// What must happen in the browser: handing the URL to the router, leaving, jumping to rows. Nothing here fetches from elsewhere.
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  review: {
    // A page that wrote the URL itself has drawn its view already.
    route: function (pathname, search, own, route) {
      const now = { pathname: pathname || "/", search: search || "" };
      if (own && route && own.pathname === now.pathname && own.search === now.search) {
        return [window.dash_clientside.no_update, window.dash_clientside.no_update];
      }
      if (!route || route.pathname !== now.pathname) window.scrollTo(0, 0);
      return [Object.assign(now, { at: Date.now() }), null]; // drawn by the router from here on
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
