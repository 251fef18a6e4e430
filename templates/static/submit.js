// Saves the click on "Continue"; without JavaScript the page works just the same.
document.querySelector("form[data-submit]").submit();
