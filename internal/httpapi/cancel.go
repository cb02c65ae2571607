package httpapi

// cancel is DELETE /1.0/jobs/{id}: one that has not ended fails as canceled, one that has
// loses its result at once. Either way the answer is the job as it then stands.
func (s *Server) cancel(x *exchange) error {
	j, err := s.ownJob(x)
	if err != nil {
		return err
	}
	if j, err = s.to.Desk.Cancel(x.r.Context(), j.ID); err != nil {
		return err
	}
	return s.tell(x, j)
}
