"""From any table to a model, its opponents and a page: the verbs fit and init."""
