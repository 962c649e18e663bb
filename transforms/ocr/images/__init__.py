"""Page images: rendered, straightened, and what their pixels tell before anything reads them."""
