"""Tables on a page, found without a model."""
