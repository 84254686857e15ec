// A stand-in for WeChat's JS-SDK, for tests and the demo: the calls that a chat needs, as documented, with a file
// input where WeChat opens its album. window.standin.files, where it is set, is what was chosen.
(function () {
  var base = new URL(document.currentScript.src).origin;
  var ready = [];
  var failed = [];
  var state = "";
  var local = {};
  var count = 0;

  function later(callback, value) {
    if (callback) setTimeout(callback, 0, value);
  }
  function settle(next, callbacks, value) {
    state = next;
    for (var i = 0; i < callbacks.length; i++) later(callbacks[i], value);
  }
  function take(files, options) {
    var ids = [];
    for (var i = 0; i < files.length && i < (options.count || 9); i++) {
      var id = "wxLocalResource://" + ++count;
      local[id] = files[i];
      ids.push(id);
    }
    later(options.success, { localIds: ids, errMsg: "chooseImage:ok" });
    later(options.complete);
  }

  window.standin = Object.assign({}, window.standin);
  window.wx = {
    config: function (options) {
      var whole = options.appId && options.timestamp && options.nonceStr && /^[0-9a-f]{40}$/.test(options.signature || "");
      window.standin.config = options;
      if (whole) settle("ready", ready);
      else settle("error", failed, { errMsg: "config:invalid signature" });
    },
    ready: function (callback) {
      if (state === "ready") later(callback);
      else ready.push(callback);
    },
    error: function (callback) {
      if (state === "error") later(callback, { errMsg: "config:invalid signature" });
      else failed.push(callback);
    },
    chooseImage: function (options) {
      window.standin.asked = options;
      if (window.standin.files) {
        take(window.standin.files, options);
        return;
      }
      var input = document.createElement("input");
      input.type = "file";
      input.accept = "image/*";
      input.multiple = true;
      input.onchange = function () {
        take(input.files, options);
      };
      input.oncancel = function () {
        later(options.cancel, { errMsg: "chooseImage:cancel" });
      };
      input.click();
    },
    getLocalImgData: function (options) {
      var reader = new FileReader();
      reader.onload = function () {
        later(options.success, { localData: reader.result });
      };
      reader.onerror = function () {
        later(options.fail, { errMsg: "getLocalImgData:fail" });
      };
      reader.readAsDataURL(local[options.localId]);
    },
    uploadImage: function (options) {
      var request = new XMLHttpRequest();
      request.open("POST", base + "/standin/upload");
      request.onload = function () {
        if (request.status === 200) later(options.success, { serverId: JSON.parse(request.responseText).serverId });
        else later(options.fail, { errMsg: "uploadImage:fail" });
      };
      request.onerror = function () {
        later(options.fail, { errMsg: "uploadImage:fail" });
      };
      request.send(local[options.localId]);
    },
  };
})();
