"""Where the features come from."""

WARD_2016 = (
    "L. Ward, A. Agrawal, A. Choudhary, C. Wolverton, A general-purpose machine learning framework for predicting "
    "properties of inorganic materials, npj Comput. Mater. 2, 16028 (2016). doi:10.1038/npjcompumats.2016.28"
)
DEML_2016 = (
    "A. M. Deml, R. O'Hayre, C. Wolverton, V. Stevanović, Predicting density functional theory total energies and "
    "enthalpies of formation of metal-nonmetal compounds by linear regression, Phys. Rev. B 93, 085142 (2016). "
    "doi:10.1103/PhysRevB.93.085142"
)
ONG_2013 = (
    "S. P. Ong et al., Python Materials Genomics (pymatgen): A robust, open-source python library for materials "
    "analysis, Comput. Mater. Sci. 68, 314-319 (2013). doi:10.1016/j.commatsci.2012.10.028"
)
TSHITOYAN_2019 = (
    "V. Tshitoyan et al., Unsupervised word embeddings capture latent knowledge from materials science literature, "
    "Nature 571, 95-98 (2019). doi:10.1038/s41586-019-1335-8"
)
CHEN_2019 = (
    "C. Chen, W. Ye, Y. Zuo, C. Zheng, S. P. Ong, Graph Networks as a Universal Machine Learning Framework for "
    "Molecules and Crystals, Chem. Mater. 31, 3564-3572 (2019). doi:10.1021/acs.chemmater.9b01294"
)
BUTLER_1978 = (
    "M. A. Butler, D. S. Ginley, Prediction of Flatband Potentials at Semiconductor-Electrolyte Interfaces from "
    "Atomic Electronegativities, J. Electrochem. Soc. 125, 228-232 (1978). doi:10.1149/1.2131419"
)
MATMINER_2018 = (
    "L. Ward et al., Matminer: An open source toolkit for materials data mining, Comput. Mater. Sci. 152, 60-69 "
    "(2018). doi:10.1016/j.commatsci.2018.05.018"
)
