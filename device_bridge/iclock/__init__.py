"""The push protocol ("ADMS", iclock): clocks call us over HTTP."""
