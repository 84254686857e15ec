package rest

// docsRoutes is filled below.
func (a *API) docsRoutes() {}
